"""URLs of senders."""

from django.urls import path

from investigations.intake.views import alertmanager

urlpatterns = [path("api/alerts/alertmanager/", alertmanager, name="intake_alertmanager")]
