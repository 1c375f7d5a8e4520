"""Who has seen the incident, and who leads it."""

from typing import TYPE_CHECKING

from investigations.domain.audit import record_audit
from investigations.domain.incidents import refuse_merged
from investigations.domain.journal import BoardWriter, writing
from investigations.enums import BoardEventKind, IncidentState
from investigations.errors import BoardError
from investigations.models import Incident
from investigations.queries.objects import incident_object

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def acknowledge_incident(*, investigation_id: int, user: "User") -> Incident:
    """Say that a person has seen it; they lead it if nobody does. Idempotent: the first one counts.

    Requires: ``can_respond`` was checked. Event: ``incident_changed``.

    Raises:
        BoardError: It is resolved.
    """
    name = user.get_username()
    with writing(investigation_id) as board:
        incident = board.investigation.incident
        if incident.acknowledged_at is not None:
            return incident
        if incident.state == IncidentState.RESOLVED:
            raise BoardError("It is resolved: nobody needs to acknowledge it.")
        refuse_merged(incident)
        incident.acknowledged_at, incident.acknowledged_by = board.now, name
        incident.save(update_fields=["acknowledged_at", "acknowledged_by"])
        leads = "" if incident.lead else ", who leads it"
        set_lead(board, username=incident.lead or name, author=f"person/{name}",
                 sentence=f"INC-{incident.pk} acknowledged by {name}{leads}")  # fmt: skip
        record_audit(actor=f"person/{name}", verb="incident.acknowledged",
                     subject=f"incident/{incident.pk}")  # fmt: skip
    return incident


def take_lead(*, investigation_id: int, user: "User") -> Incident:
    """Make a person the incident's lead. Idempotent. Event: ``incident_changed``.

    Requires: ``can_respond`` was checked.
    """
    name = user.get_username()
    with writing(investigation_id) as board:
        incident = board.investigation.incident
        if incident.lead == name:
            return incident
        was = f", before {incident.lead}" if incident.lead else ""
        set_lead(board, username=name, author=f"person/{name}",
                 sentence=f"{name} leads INC-{incident.pk}{was}")  # fmt: skip
        record_audit(actor=f"person/{name}", verb="incident.lead_taken",
                     subject=f"incident/{incident.pk}")  # fmt: skip
    return incident


def set_lead(board: BoardWriter, *, username: str, author: str, sentence: str) -> None:
    """Write the lead and the event of it, inside a transaction that has the journal open."""
    incident = board.investigation.incident
    incident.lead = username
    incident.save(update_fields=["lead"])
    board.record(
        BoardEventKind.INCIDENT_CHANGED,
        author=author,
        sentence=sentence,
        upsert={"incident": {"incident": incident_object(incident)}},
    )
