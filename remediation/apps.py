"""The remediation app."""

from django.apps import AppConfig


class RemediationConfig(AppConfig):
    """Plans, approvals, guardrails, executors, verification."""

    name = "remediation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to diagnoses."""
        from remediation.receivers import connect  # noqa: PLC0415  # apps load before models

        connect()
