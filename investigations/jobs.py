"""Names of this app's background jobs and how to ask for them after commit."""

from functools import partial

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

EMBED_INCIDENT = "investigations.embed_incident"
HOUSEKEEPING = "investigations.run_housekeeping"
log = structlog.get_logger(__name__)


def send(name: str, *args: int | str) -> None:
    """Send a job by name. A message is a hint: when the broker is down the work is only later."""
    try:
        current_app.send_task(name, args=args, ignore_result=True, retry=False)
    except OperationalError as error:
        log.warning("job.not_sent", job=name, error=str(error))


def enqueue_embedding(incident_id: int) -> None:
    """Ask for the incident's similarity vector to be made anew, after commit."""
    transaction.on_commit(partial(send, EMBED_INCIDENT, incident_id))
