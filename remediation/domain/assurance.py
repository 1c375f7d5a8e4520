"""How sure an action is to help: four parts with stated weights, and what is predicted of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from django.conf import settings

from investigations.enums import IncidentOrigin
from investigations.models import Diagnosis, IncidentMemory
from investigations.queries.likeness import similar_incidents
from remediation.models import ActionOutcome

PARTS = ("diagnosis", "coverage", "track record", "likeness")
OTHER_SERVICE, OTHER_FAULT = 0.6, 0.5
MAX_OUTCOMES = 500
COUNTS = "Few runs, or such elsewhere or for another fault, count little"


@dataclass(frozen=True, slots=True)
class PastRun:
    """One earlier run of the same kind of action."""

    service: str
    fault_class: str
    helped: bool
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the whole. ``value`` 0..1; ``weight``: its share of the whole, 0..1."""

    name: str
    value: float
    weight: float
    told: str


def total_of(parts: Sequence[Part]) -> float:
    """Return the weighted sum; each value counts between 0 and 1."""
    return sum(p.weight * min(1.0, max(0.0, p.value)) for p in parts)


def similarity(run: PastRun, *, service: str, fault_class: str) -> float:
    """Return how like an earlier run's circumstances are, 0..1."""
    place = 1.0 if run.service == service else OTHER_SERVICE
    return place * (1.0 if run.fault_class == fault_class else OTHER_FAULT)


def learned_confidence(runs: Sequence[PastRun], *, service: str, fault_class: str) -> float:
    """Return success rate times likeness of circumstances, 0..1; 0 where it never ran.

    The rate counts each run by its likeness, begins at a half (Laplace), and so moves with every
    outcome; it is scaled by the likeness of the nearest run.
    """
    weights = [similarity(r, service=service, fault_class=fault_class) for r in runs]
    if not weights:
        return 0.0
    helped = sum(w for w, run in zip(weights, runs, strict=True) if run.helped)
    return (helped + 1) / (sum(weights) + 2) * max(weights)


def past_runs(kind: str, *, practice: bool) -> list[PastRun]:
    """Return the newest runs of a kind of action, in practice or in real incidents. One query."""
    of_practice = {"action__investigation__incident__origin": IncidentOrigin.PRACTICE}
    rows = ActionOutcome.objects.filter(kind=kind, is_measured=True)
    rows = rows.filter(**of_practice) if practice else rows.exclude(**of_practice)
    told = rows.values_list("service", "fault_class", "helped", "seconds_to_recover")
    return [PastRun(*row) for row in told[:MAX_OUTCOMES]]


def _runs(count: int, *, practice: bool, word: str = "") -> str:
    """Return a number of runs in words, and that they were practice where they were."""
    parts = (str(count), word, "practice" if practice else "", "run" if count == 1 else "runs")
    return " ".join(part for part in parts if part)


def _is_practice(diagnosis: Diagnosis) -> bool:
    return diagnosis.investigation.incident.origin == IncidentOrigin.PRACTICE


def parts_of(
    diagnosis: Diagnosis, *, kind: str, service: str, runs: Sequence[PastRun]
) -> list[Part]:
    """Return the four parts for an action that treats a diagnosis."""
    weights = settings.ASSURANCE_WEIGHTS
    asked, answered = diagnosis.sources_asked, diagnosis.sources_answered
    learned = learned_confidence(runs, service=service, fault_class=diagnosis.fault_class)
    like, number = _likeness(diagnosis, kind)
    near = _nearest(runs, service=service, fault_class=diagnosis.fault_class)
    told = (
        "how often such claims were right", f"{answered} of {asked} sources answered",
        f"{sum(r.helped for r in runs)} of "
        f"{_runs(len(runs), practice=_is_practice(diagnosis))} of this kind helped{near}",
        f"INC-{number} was fixed by the same" if number else "no like incident was fixed by it",
    )  # fmt: skip
    values = (diagnosis.confidence or 0.0, answered / asked if asked else 0.0, learned, like)
    return [Part(*row) for row in zip(PARTS, values, weights, told, strict=True)]


def _nearest(runs: Sequence[PastRun], *, service: str, fault_class: str) -> str:
    """Return how like the nearest run's circumstances were, and that it counts by that."""
    if not runs:
        return ""
    best = max(runs, key=lambda r: similarity(r, service=service, fault_class=fault_class))
    place = "here" if best.service == service else "elsewhere"
    fault = "this" if best.fault_class == fault_class else "another"
    return f", the nearest {place} for {fault} fault. {COUNTS}"


def _likeness(diagnosis: Diagnosis, kind: str) -> tuple[float, int]:
    """Return the likeness of the nearest past incident that this kind of action fixed, and its id."""
    near = similar_incidents(diagnosis.investigation.incident, limit=10)
    fixed = set(
        IncidentMemory.objects.filter(
            incident__in=[row.incident for row in near], action=kind
        ).values_list("incident_id", flat=True)
    )
    rows = [(row.similarity or 0.0, row.incident.pk) for row in near if row.incident.pk in fixed]
    return max(rows, default=(0.0, 0))


def expected_of(diagnosis: Diagnosis, *, kind: str, service: str) -> dict[str, dict[str, object]]:
    """Return what is stored with an action: ``assurance`` (its parts, their total), ``prediction``.

    A prediction says whether it helps (0..1), within how many seconds, and from how many runs.
    """
    practice = _is_practice(diagnosis)
    runs = past_runs(kind, practice=practice)
    parts = parts_of(diagnosis, kind=kind, service=service, runs=runs)
    times = [r.seconds for r in runs if r.helped and r.seconds is not None]
    return {
        "assurance": {
            "total": total_of(parts),
            "parts": [
                {"name": p.name, "value": p.value, "weight": p.weight, "told": p.told}
                for p in parts
            ],
        },
        "prediction": {
            "helps": learned_confidence(runs, service=service, fault_class=diagnosis.fault_class),
            "seconds": median(times) if times else None, "runs": len(runs), "practice": practice,
        },
    }  # fmt: skip


def compared(prediction: Mapping[str, object], outcome: ActionOutcome | None) -> str:
    """Return in a sentence what was predicted, and what came."""
    runs = prediction.get("runs")
    if not isinstance(runs, int):
        return ""
    helps, seconds = float(str(prediction.get("helps") or 0)), prediction.get("seconds")
    if runs:
        within = f" in about {float(str(seconds)):.0f} s" if seconds is not None else ""
        told = _runs(runs, practice=bool(prediction.get("practice")), word="earlier")
        text = f"Predicted: helps{within} with {helps:.0%}, from {told}. {COUNTS}."
    else:
        where = " in practice" if prediction.get("practice") else ""
        text = f"Predicted: nothing. It never ran before{where}."
    if outcome is None:
        return text
    after = outcome.seconds_to_recover
    took = f" after {after:.0f} s" if after is not None else ""
    return f"{text} Came: {f'helped{took}' if outcome.helped else 'did not help'}."
