"""The only door from a request to a row: a person's rights are asked before the row is shown."""

from investigations.errors import NotFound
from investigations.models import Evidence, Hypothesis, Incident, Investigation
from investigations.rules import AnyUser, can_view


def access_incident(user: AnyUser, incident_id: int) -> Incident:
    """Return an incident that the person may see.

    Raises:
        NotFound: There is none, or the person may not see it.
    """
    incident = Incident.objects.filter(pk=incident_id).first() if can_view(user) else None
    if incident is None:
        raise NotFound("There is no such incident.")
    return incident


def access_investigation(user: AnyUser, incident_id: int) -> Investigation:
    """Return the incident's newest investigation, if the person may see the incident."""
    incident = access_incident(user, incident_id)
    return incident.investigations.select_related("incident").order_by("-id")[0]


def access_evidence(user: AnyUser, incident_id: int, number: int) -> Evidence:
    """Return a piece of evidence by its number on the board."""
    found = (
        Evidence.objects.select_related("investigation__incident", "challenges")
        .filter(investigation=access_investigation(user, incident_id), number=number)
        .first()
    )
    if found is None:
        raise NotFound(f"There is no E{number} on this board.")
    return found


def access_hypothesis(user: AnyUser, incident_id: int, number: int) -> Hypothesis:
    """Return a hypothesis by its number on the board."""
    found = Hypothesis.objects.filter(
        investigation=access_investigation(user, incident_id), number=number
    ).first()
    if found is None:
        raise NotFound(f"There is no H{number} on this board.")
    return found
