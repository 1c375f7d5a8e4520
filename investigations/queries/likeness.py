"""How alike two incidents are by what was found: the cause, its signs, the symptom, where it lay."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.contrib.postgres.search import SearchQuery

from investigations.enums import DiagnosisVerdict
from investigations.models import Incident, IncidentMemory
from investigations.queries.history import (
    PAGE,
    HistoryFilter,
    HistoryRow,
    dress,
    filtered,
    nearest,
    vector_of,
)

# What each part counts, of what is known of both incidents.
CAUSE, SIGNS, SYMPTOM, PLACE = 0.5, 0.3, 0.1, 0.1
# Below it they read as unlike and are not shown; without a cause of both they are alike at most.
LEAST, MOST_WITHOUT_CAUSE = 0.4, 0.75


@dataclass(frozen=True, slots=True)
class Profile:
    """What was found of an incident. Empty: not known.

    Attributes:
        fault_class: Of the likely cause.
        signs: The typed findings that were there.
        symptom: What the series that raised the alarm means.
        place_kind: The kind of resource that is blamed.
    """

    fault_class: str = ""
    signs: frozenset[str] = frozenset()
    symptom: str = ""
    place_kind: str = ""


def likeness(a: Profile, b: Profile) -> float | None:
    """Return how alike two incidents are, 0..1; None where nothing tells: no cause, no signs.

    Words of titles and summaries do not count: each incident of a service has the same ones.
    """
    parts: list[tuple[float, float]] = []
    if a.fault_class and b.fault_class:
        parts.append((CAUSE, float(a.fault_class == b.fault_class)))
    if a.signs and b.signs:
        parts.append((SIGNS, len(a.signs & b.signs) / len(a.signs | b.signs)))
    if not parts:
        return None
    if a.symptom and b.symptom:
        parts.append((SYMPTOM, float(a.symptom == b.symptom)))
    if a.place_kind and b.place_kind:
        parts.append((PLACE, float(a.place_kind == b.place_kind)))
    value = sum(weight * share for weight, share in parts) / sum(weight for weight, _ in parts)
    return value if a.fault_class and b.fault_class else min(MOST_WITHOUT_CAUSE, value)


def similar_incidents(
    incident: Incident, *, limit: int = 3, wanted: HistoryFilter | None = None
) -> list[HistoryRow]:
    """Return the past incidents that are alike, most alike first, with what they have in common.

    Looked at are those nearest in words and the newest of the same cause. A constant number of queries.
    """
    ids = _candidates(incident, wanted or HistoryFilter())
    found = Incident.objects.in_bulk(ids)
    this, *others = dress([(incident, None), *((found[i], None) for i in ids if i in found)])
    signs = _signs([incident.pk, *ids])
    mine = profile_of(this, signs)
    rows = []
    for row in others:
        theirs = profile_of(row, signs)
        value = likeness(mine, theirs)
        if value is not None and value >= LEAST:
            rows.append(sharing(this, replace(row, similarity=value), mine, theirs))
    # Sorted stably: among equals the nearest in words stays first.
    return sorted(rows, key=lambda row: -(row.similarity or 0.0))[:limit]


def likeness_of(a: HistoryRow, b: HistoryRow) -> float | None:
    """Return how alike two incidents are. One query."""
    signs = _signs([a.incident.pk, b.incident.pk])
    return likeness(profile_of(a, signs), profile_of(b, signs))


def profile_of(row: HistoryRow, signs: dict[int, frozenset[str]]) -> Profile:
    """Return what was found of an incident."""
    diagnosis = row.diagnosis
    is_likely = diagnosis is not None and diagnosis.verdict == DiagnosisVerdict.LIKELY_CAUSE
    return Profile(
        fault_class=diagnosis.fault_class if diagnosis is not None and is_likely else "",
        signs=signs.get(row.incident.pk, frozenset()),
        symptom=row.incident.semantic,
        place_kind=diagnosis.resource.partition("/")[0] if diagnosis is not None else "",
    )


def sharing(this: HistoryRow, other: HistoryRow, mine: Profile, theirs: Profile) -> HistoryRow:
    """Return the other with what both have in common, in words."""
    a, b = this.diagnosis, other.diagnosis
    told = {"same service": this.incident.resource == other.incident.resource}
    if a is not None and b is not None and a.fault_class:
        told["same cause"] = a.fault_class == b.fault_class
        told["caused at the same place"] = a.resource == b.resource
    told["same fix"] = bool(this.fix) and this.fix == other.fix
    both, every = mine.signs & theirs.signs, mine.signs | theirs.signs
    told[f"{len(both)} of {len(every)} signs"] = bool(mine.signs and theirs.signs)
    return replace(other, shared=tuple(text for text, is_so in told.items() if is_so))


def _candidates(incident: Incident, wanted: HistoryFilter) -> list[int]:
    memories = IncidentMemory.objects.exclude(incident=incident)
    if wanted != HistoryFilter():
        memories = memories.filter(incident__in=filtered(wanted))
    if wanted.text:
        memories = memories.filter(
            words=SearchQuery(wanted.text, config="english", search_type="websearch")
        )
    own = IncidentMemory.objects.filter(incident=incident).values_list("fault_class", flat=True)
    vector, fault_class = vector_of(incident.pk), own.first()
    near = [i for i, _ in nearest(memories, vector)] if vector is not None else []
    same = memories.filter(fault_class=fault_class or "").order_by("-incident_id")
    newest = same.values_list("incident_id", flat=True)[:PAGE] if fault_class else ()
    return list(dict.fromkeys([*near, *newest]))


def _signs(incident_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    rows = IncidentMemory.objects.filter(incident__in=incident_ids)
    return {i: frozenset(signs) for i, signs in rows.values_list("incident_id", "signs")}
