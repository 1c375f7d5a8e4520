"""Of which incident an entry of the audit log tells: by what was done to, and the other way round."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from investigations.models import AuditEntry, Diagnosis, Evidence, Investigation
from investigations.typed_text import read_number
from remediation.models import Action

# What belongs to an incident, by how its subject begins.
PARTS = ("action", "diagnosis", "evidence", "investigation")
INCIDENT = re.compile(r"INC-([0-9]{1,9})", re.IGNORECASE)
ON_BOARD = re.compile(r"A([0-9]{1,6})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry belongs: its incident, and the number of the action there (``A1``) or None."""

    incident: int
    action: int | None = None


def places_of(entries: Iterable[AuditEntry]) -> dict[int, Place]:
    """Return the place of each entry that tells of an incident, by the entry's id. Five queries at most."""
    wanted: dict[str, set[int]] = defaultdict(set)
    named: dict[int, tuple[str, int]] = {}
    for entry in entries:
        kind, _, rest = entry.subject.partition("/")
        number = read_number(rest.partition("/")[0])
        if kind in {*PARTS, "incident"} and number is not None:
            named[entry.pk] = (kind, number)
            wanted[kind].add(number)
    known = {(kind, pk): incident for kind in PARTS if wanted[kind]
             for pk, incident in _places(kind).filter(pk__in=wanted[kind]).values_list("pk", "place")}  # fmt: skip
    known |= {("incident", pk): pk for pk in wanted["incident"]}
    numbers = dict(Action.objects.filter(pk__in=wanted["action"]).values_list("pk", "number"))
    return {
        entry: Place(known[key], numbers.get(key[1]) if key[0] == "action" else None)
        for entry, key in named.items()
        if key in known
    }


def about_subject(entries: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
    """Return the entries whose subject holds a text.

    Of ``A1`` those of actions with that number, of ``INC-3`` all that tell of that incident.
    """
    incident = INCIDENT.fullmatch(text)
    if incident is not None:
        return about_incident(entries, int(incident[1]))
    named = ON_BOARD.fullmatch(text)
    if named is None:
        return entries.filter(subject__icontains=text)
    key = Concat(Value("action/"), Cast("pk", CharField()), output_field=CharField())
    acts = Action.objects.order_by().filter(number=int(named[1])).annotate(key=key)
    return entries.filter(subject__in=acts.values("key"))


def about_incident(entries: QuerySet[AuditEntry], incident_id: int) -> QuerySet[AuditEntry]:
    """Return the entries that tell of an incident: of itself, its run, evidence, verdicts, actions."""
    wanted = Q(subject=f"incident/{incident_id}")
    for kind in PARTS:
        key = Concat(Value(f"{kind}/"), Cast("pk", CharField()), output_field=CharField())
        of_it = _places(kind).filter(place=incident_id)
        wanted |= Q(subject__in=of_it.annotate(key=key).values("key"))
    for run in Investigation.objects.filter(incident=incident_id).values_list("pk", flat=True)[:50]:
        wanted |= Q(subject__startswith=f"investigation/{run}/")
    return entries.filter(wanted)


def _places(kind: str) -> QuerySet[Action | Diagnosis | Evidence | Investigation]:
    """Return rows of a kind of subject, each with its incident's id as ``place``."""
    if kind == "investigation":
        return Investigation.objects.order_by().annotate(place=F("incident_id"))
    model = {"action": Action, "diagnosis": Diagnosis, "evidence": Evidence}[kind]
    return model.objects.order_by().annotate(place=F("investigation__incident_id"))  # type: ignore[attr-defined,no-any-return]
