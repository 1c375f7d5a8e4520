"""The investigations app."""

from django.apps import AppConfig


class InvestigationsConfig(AppConfig):
    """Alerts, incidents and the investigation board."""

    name = "investigations"
    default_auto_field = "django.db.models.BigAutoField"
