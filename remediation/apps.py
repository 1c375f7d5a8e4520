"""The remediation app."""

from django.apps import AppConfig


class RemediationConfig(AppConfig):
    """See the package's docstring."""

    name = "remediation"
    default_auto_field = "django.db.models.BigAutoField"
