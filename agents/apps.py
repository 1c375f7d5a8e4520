"""The agents app."""

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """Specialists, the reconciler, and their work items."""

    name = "agents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the board."""
        from agents.receivers import connect  # noqa: PLC0415  # apps load before models

        connect()
