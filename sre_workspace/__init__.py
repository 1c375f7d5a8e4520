"""Composition: settings, URLs, ASGI, Celery and the embedded services."""

from sre_workspace.celery import app as celery_app

__all__ = ["celery_app"]
