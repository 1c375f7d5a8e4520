"""The composition app: sign-in links, heartbeats, commands."""

from django.apps import AppConfig


class SreWorkspaceConfig(AppConfig):
    """Owns what belongs to the installation, not to an incident."""

    name = "sre_workspace"
    default_auto_field = "django.db.models.BigAutoField"
