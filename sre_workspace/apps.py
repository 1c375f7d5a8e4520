"""The composition app: sign-in links, heartbeats, commands."""

from django.apps import AppConfig

# Importing the app makes it the current one: jobs are sent by name from any process.
from sre_workspace.celery import app as celery_app

__all__ = ["SreWorkspaceConfig", "celery_app"]


class SreWorkspaceConfig(AppConfig):
    """Owns what belongs to the installation, not to an incident."""

    name = "sre_workspace"
    default_auto_field = "django.db.models.BigAutoField"
