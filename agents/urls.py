"""URLs of the agents' own pages."""

from django.urls import path

from agents.views import calibration

urlpatterns = [
    path("calibration/", calibration.calibration, name="calibration"),
    path("calibration/accept/", calibration.accept, name="accept_calibration"),
]
