"""How alike two incidents are by what was found: the cause, the place, the fix, the signs, the symptom."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.contrib.postgres.search import SearchQuery

from investigations.enums import DiagnosisVerdict
from investigations.models import BoardEntry, Incident, IncidentMemory
from investigations.queries.history import (
    PAGE,
    HistoryFilter,
    HistoryRow,
    dress,
    filtered,
    nearest,
    vector_of,
)

# What each part counts, of what is known of both incidents. The same cause, place and fix are more
# than any two of them with all that is left.
CAUSE, PLACE, FIX, SIGNS, SYMPTOM = 0.4, 0.2, 0.15, 0.2, 0.05
# The same service hurt, though another place is blamed; the same kind of fix at another place.
HURT_ALONE, KIND_ALONE = 0.5, 0.5
# Below it they read as unlike and are not shown; without a cause of both they are alike at most.
LEAST, MOST_WITHOUT_CAUSE = 0.4, 0.75
# What the rules meant to do, where nothing that ran helped and nobody said no.
INTENDED = (
    "proposed",
    "approved",
    "running",
    "verifying",
    "expired",
    "superseded",
    "stale",
    "halted",
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What was found of an incident. Empty: not known.

    Attributes:
        fault_class: Of the likely cause; ``none`` where there was found to be no fault.
        signs: The typed findings that were there.
        symptom: What the series that raised the alarm means.
        place: The resource that is blamed.
        hurt: The resource that had the symptom.
        fix: The kind of action that helped, or was meant to, and its target.
        has_helped: Whether it helped.
    """

    fault_class: str = ""
    signs: frozenset[str] = frozenset()
    symptom: str = ""
    place: str = ""
    hurt: str = ""
    fix: tuple[str, str] = ("", "")
    has_helped: bool = False


NO_FAULT = "none"


def likeness(a: Profile, b: Profile) -> float | None:
    """Return how alike two incidents are, 0..1; None where nothing tells: no cause, no signs.

    Words of titles and summaries do not count: each incident of a service has the same ones.
    """
    parts: list[tuple[float, float]] = []
    if a.fault_class and b.fault_class:
        parts.append((CAUSE, float(a.fault_class == b.fault_class != NO_FAULT)))
    if a.signs and b.signs:
        parts.append((SIGNS, len(a.signs & b.signs) / len(a.signs | b.signs)))
    if not parts:
        return None
    if (where := _placed(a, b)) is not None:
        parts.append((PLACE, where))
    if a.fix[0] and b.fix[0]:
        parts.append((FIX, 1.0 if a.fix == b.fix else KIND_ALONE * (a.fix[0] == b.fix[0])))
    if a.symptom and b.symptom:
        parts.append((SYMPTOM, float(a.symptom == b.symptom)))
    value = sum(weight * share for weight, share in parts) / sum(weight for weight, _ in parts)
    is_known = a.fault_class not in {"", NO_FAULT} and b.fault_class not in {"", NO_FAULT}
    return value if is_known else min(MOST_WITHOUT_CAUSE, value)


def _placed(a: Profile, b: Profile) -> float | None:
    is_hurt = bool(a.hurt) and a.hurt == b.hurt
    if a.place and b.place:
        return 1.0 if a.place == b.place else HURT_ALONE * is_hurt
    return float(is_hurt) if a.hurt and b.hurt else None


def similar_incidents(
    incident: Incident, *, limit: int = 3, wanted: HistoryFilter | None = None
) -> list[HistoryRow]:
    """Return the past incidents that are alike, most alike first, with what they have in common.

    Looked at are those nearest in words, and the newest of the same cause and of the same service.
    What ended without a cause is told only beside one with a cause: alone it answers nothing about
    an incident whose cause is known. A constant number of queries.
    """
    ids = _candidates(incident, wanted or HistoryFilter())
    found = Incident.objects.in_bulk(ids)
    this, *others = dress([(incident, None), *((found[i], None) for i in ids if i in found)])
    known = _known([incident.pk, *ids])
    mine = profile_of(this, known)
    rows = []
    for row in others:
        theirs = profile_of(row, known)
        value = likeness(mine, theirs)
        if value is not None and value >= LEAST:
            rows.append(sharing(this, replace(row, similarity=value), mine, theirs))
    if _has_cause(this) and not any(_has_cause(row) for row in rows):
        return []
    # Sorted stably: among equals the nearest in words stays first.
    order = sorted(rows, key=lambda row: -(row.similarity or 0.0))
    return sorted(order, key=lambda row: _has_cause(this) > _has_cause(row))[:limit]


def _has_cause(row: HistoryRow) -> bool:
    return row.diagnosis is not None and row.diagnosis.verdict == DiagnosisVerdict.LIKELY_CAUSE


def likeness_of(
    a: HistoryRow, b: HistoryRow
) -> tuple[HistoryRow, float | None, frozenset[str], frozenset[str]]:
    """Return the second with what both have in common in words, how alike they are, and their signs.

    Two queries.
    """
    known = _known([a.incident.pk, b.incident.pk])
    mine, theirs = profile_of(a, known), profile_of(b, known)
    return sharing(a, b, mine, theirs), likeness(mine, theirs), mine.signs, theirs.signs


def profile_of(row: HistoryRow, known: dict[int, Profile]) -> Profile:
    """Return what was found of an incident, with the signs and the fix that are ``known`` of it."""
    diagnosis = row.diagnosis
    fault_class = diagnosis.fault_class if diagnosis is not None and _has_cause(row) else ""
    if diagnosis is not None and diagnosis.verdict == DiagnosisVerdict.NO_FAULT:
        fault_class = NO_FAULT
    return replace(
        known.get(row.incident.pk, Profile()),
        fault_class=fault_class,
        symptom=row.incident.semantic,
        place=diagnosis.resource if diagnosis is not None else "",
        hurt=row.incident.resource,
    )


def sharing(this: HistoryRow, other: HistoryRow, mine: Profile, theirs: Profile) -> HistoryRow:
    """Return the other with what both have in common, in words."""
    is_fixed = mine.has_helped and theirs.has_helped
    both, every = mine.signs & theirs.signs, mine.signs | theirs.signs
    told = {
        "same service": this.incident.resource == other.incident.resource,
        "same cause": _has_cause(this) and mine.fault_class == theirs.fault_class,
        "caused at the same place": bool(mine.place) and mine.place == theirs.place,
        "same fix" if is_fixed else "same fix proposed": bool(mine.fix[0])
        and mine.fix == theirs.fix,
        f"{len(both)} of {len(every)} signs": bool(mine.signs and theirs.signs),
    }
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
    newest = memories.order_by("-incident_id").values_list("incident_id", flat=True)
    same = newest.filter(fault_class=fault_class or "")
    here = Incident.objects.filter(resource=incident.resource).exclude(pk=incident.pk)
    if wanted != HistoryFilter():
        here = here.filter(memory__in=memories)
    return list(dict.fromkeys([
        *near, *(same[:PAGE] if fault_class else ()),
        *(same.filter(incident__resource=incident.resource)[:PAGE] if fault_class else ()),
        *here.order_by("-pk").values_list("pk", flat=True)[:PAGE],
    ]))  # fmt: skip


def _known(incident_ids: Iterable[int]) -> dict[int, Profile]:
    """Return the signs and the fix of each: what helped, else what the rules meant to do."""
    ids = list(incident_ids)
    signs = IncidentMemory.objects.filter(incident__in=ids).values_list("incident_id", "signs")
    known = {i: Profile(signs=frozenset(names)) for i, names in signs}
    rows = BoardEntry.objects.filter(kind="action", investigation__incident__in=ids)
    for incident, data in rows.order_by("pk").values_list("investigation__incident_id", "data"):
        has_helped = data.get("state") == "succeeded"
        is_meant = data.get("state") in INTENDED and not data.get("requested_by")
        before = known.get(incident, Profile())
        if has_helped or (is_meant and not before.has_helped):
            fix = str(data.get("kind", "")), str(data.get("target", ""))
            known[incident] = replace(before, fix=fix, has_helped=has_helped)
    return known
