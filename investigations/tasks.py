"""Celery's entry points of this app: thin."""

from celery import shared_task

from investigations.domain import knowledge, notifying
from investigations.domain.connections import run_checks
from investigations.domain.facts import learn_when_due
from investigations.domain.memory import remember
from investigations.domain.services import refresh_services as refresh
from investigations.domain.topology import learn_topology
from investigations.jobs import (
    CHECK_CONNECTIONS,
    DELIVER,
    EMBED_DOCUMENT,
    EMBED_INCIDENT,
    HOUSEKEEPING,
    REFRESH_SERVICES,
    send,
)
from investigations.queries.history import incidents_without_memory
from investigations.queries.knowledge import documents_without_vectors


@shared_task(name=EMBED_INCIDENT)
def embed_incident(incident_id: int) -> None:
    """Make an incident's memory anew."""
    remember(incident_id)


@shared_task(name=HOUSEKEEPING)
def run_housekeeping() -> None:
    """Learn the topology and what incidents taught; find what search does not know. Periodic."""
    learn_topology()
    for incident_id in incidents_without_memory():
        send(EMBED_INCIDENT, incident_id)
    for document_id in documents_without_vectors():
        send(EMBED_DOCUMENT, document_id)
    learn_when_due()
    notifying.forget_old()


@shared_task(name=EMBED_DOCUMENT)
def embed_document(document_id: int) -> None:
    """Make the vectors of a document's passages."""
    knowledge.embed_document(document_id)


@shared_task(name=CHECK_CONNECTIONS)
def check_connections() -> None:
    """Ask every connected system a question, for the page of connections."""
    run_checks()


@shared_task(name=REFRESH_SERVICES)
def refresh_services() -> None:
    """Read topology, series and changes anew, if it is due. Periodic."""
    refresh()


@shared_task(name=DELIVER)
def deliver_notifications() -> None:
    """Send what calls for people outside the page. Periodic, and at once after an event."""
    notifying.deliver_due()
