"""The remediation app."""

from django.apps import AppConfig


class RemediationConfig(AppConfig):
    """Plans, approvals, guardrails, executors, verification."""

    name = "remediation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the board, and name the actions that people may ask for."""
        from investigations.offers import offer_actions  # noqa: PLC0415  # apps load before models
        from remediation.catalog.registry import CATALOG  # noqa: PLC0415  # as above
        from remediation.receivers import connect  # noqa: PLC0415  # apps load before models

        connect()
        offer_actions({kind.slug: kind.title for kind in CATALOG.values()})
