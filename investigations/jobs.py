"""Names of this app's background jobs and how to ask for them after commit."""

from functools import partial

from celery import current_app
from django.db import transaction

EMBED_INCIDENT = "investigations.embed_incident"
HOUSEKEEPING = "investigations.run_housekeeping"


def send(name: str, *args: int | str) -> None:
    """Send a job by name. A message is a hint: losing it only delays the work."""
    current_app.send_task(name, args=args, ignore_result=True)


def enqueue_embedding(incident_id: int) -> None:
    """Ask for the incident's similarity vector to be made anew, after commit."""
    transaction.on_commit(partial(send, EMBED_INCIDENT, incident_id))
