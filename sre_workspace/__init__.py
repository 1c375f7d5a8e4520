"""Composition: settings, URLs, ASGI, Celery and the embedded services."""
