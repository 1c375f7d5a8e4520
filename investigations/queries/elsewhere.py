"""What was done for other incidents to the resources that a board tells of."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from investigations.enums import EntryKind, IncidentOrigin
from investigations.models import BoardEntry, Investigation

Entry = dict[str, object]
# No timeline has room for more marks: those that began first, whatever was done since.
MOST = 20
# An axis begins at the most so long before its window.
REACH = timedelta(hours=1)


def acts_elsewhere(investigation: Investigation, lanes: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return other incidents' actions on the resources of an incident and its lanes. One query.

    Only those that began by the time that its lanes reach, in its environment and source; in practice,
    which begins anew with each scenario, only of incidents that were not over when this one opened.
    Each has its ``incident``'s number: whoever may see one incident may see each, and the pages that it
    links to ask again.
    """
    incident = investigation.incident
    places = {str(lane.get(end, "")) for lane in lanes for end in ("resource", "peer")} - {""}
    targets = {incident.resource, *(p if "/" in p else f"service/{p}" for p in places)}
    rows = BoardEntry.objects.filter(
        kind=EntryKind.ACTION, updated_at__gte=investigation.window_start - REACH,
        data__has_key="began_at", data__target__in=sorted(targets),
        investigation__telemetry__kind=investigation.telemetry.get("kind"),
    ).exclude(investigation__incident=incident.pk)  # fmt: skip
    # The practice system is one, whatever environment its incidents were said to be of.
    if investigation.telemetry.get("kind") != "lab":
        rows = rows.filter(investigation__incident__environment=incident.environment)
    if incident.origin == IncidentOrigin.PRACTICE:
        ended = "investigation__incident__resolved_at"
        rows = rows.filter(Q(**{ended: None}) | Q(**{f"{ended}__gt": incident.opened_at}))
    found = rows.order_by("updated_at").values_list("investigation__incident", "data")[:MOST]
    return tuple(
        {**data, "incident": number}
        for number, data in found
        if datetime.fromisoformat(str(data["began_at"])) <= investigation.seen_until
    )
