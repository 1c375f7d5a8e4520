"""Names of this app's background jobs and how to ask for them after commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

EMBED_INCIDENT = "investigations.embed_incident"
DELIVER = "investigations.deliver_notifications"
EMBED_DOCUMENT = "investigations.embed_document"
HOUSEKEEPING = "investigations.run_housekeeping"
REFRESH_SERVICES = "investigations.refresh_services"
CHECK_CONNECTIONS = "investigations.check_connections"
# Run by whoever may change things, and so the only one that can tell what it may.
CHECK_EXECUTOR = "remediation.check_executor"
# The scans are the agents' work; people may ask for them before they are due.
RUN_SCANS = "agents.run_scans"
log = structlog.get_logger(__name__)
_is_muted = False


@contextmanager
def muted() -> Iterator[None]:
    """Send nothing in this process: the caller does the work itself (commands without a broker)."""
    global _is_muted  # a switch of the process, like a log level
    _is_muted = True
    try:
        yield
    finally:
        _is_muted = False


def send(name: str, *args: int | str) -> None:
    """Send a job by name. A message is a hint: when the broker is down the work is only later."""
    if _is_muted:
        return
    try:
        current_app.send_task(name, args=args, ignore_result=True, retry=False)
    except OperationalError as error:
        log.warning("job.not_sent", job=name, error=str(error))


def enqueue_embedding(incident_id: int) -> None:
    """Ask for the incident's similarity vector to be made anew, after commit."""
    transaction.on_commit(partial(send, EMBED_INCIDENT, incident_id))


def enqueue_document(document_id: int) -> None:
    """Ask for the vectors of a document's passages, after commit."""
    transaction.on_commit(partial(send, EMBED_DOCUMENT, document_id))


def enqueue(name: str) -> None:
    """Ask for a job without arguments, after commit."""
    transaction.on_commit(partial(send, name))
