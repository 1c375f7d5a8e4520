"""URLs of the board and its pages."""

from django.urls import include, path

urlpatterns = [path("", include("investigations.intake.urls"))]
