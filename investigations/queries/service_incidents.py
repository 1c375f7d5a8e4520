"""The incidents of a service, each with what the service was in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from investigations.enums import HypothesisState
from investigations.models import (
    HURT_FEATURES,
    Alert,
    BoardEntry,
    Diagnosis,
    Evidence,
    Hypothesis,
    Incident,
    Investigation,
    Service,
)
from investigations.queries.beginning import began_at, is_standing

PAST = 20


@dataclass(frozen=True, slots=True)
class PastIncident:
    """An incident of a service, what it was, the action that helped, and when it began.

    ``parts``: what the service is there, the weightiest first: it leads as the cause (or is what was
    blamed in the end), once led, it was reported on, or it is affected as the room tells it.
    """

    incident: Incident
    diagnosis: Diagnosis | None
    fix: str
    began_at: datetime
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """Ids of incidents: where the service was reported on, blamed by some round, or hurt."""

    reported: set[int]
    blamed: set[int]
    hurt: set[int]

    @property
    def newest(self) -> list[int]:
        return sorted(self.reported | self.blamed | self.hurt, reverse=True)[:PAST]


def past_incidents(service: Service) -> list[PastIncident]:
    """Return the newest incidents that were reported on it, hurt it, or that it is blamed for.

    Nine queries, whatever their number.
    """
    found = _find(service.key)
    rows = list(Incident.objects.filter(pk__in=found.newest).order_by("-pk"))
    diagnoses: dict[int, Diagnosis] = {}
    reached = Diagnosis.objects.filter(investigation__incident__in=rows).select_related(
        "investigation", "hypothesis"
    )
    for diagnosis in reached.order_by("pk"):
        diagnoses[diagnosis.investigation.incident_id] = diagnosis
    helped = BoardEntry.objects.filter(
        kind="action", investigation__incident__in=rows, data__state="succeeded"
    ).values_list("investigation__incident_id", "data__title")
    fixes = {incident_id: str(title) for incident_id, title in helped}
    return [
        PastIncident(
            i, diagnoses.get(i.pk), fixes.get(i.pk, ""), began_at(i, diagnoses.get(i.pk)),
            _parts(service.key, i, diagnoses.get(i.pk), found),
        )
        for i in rows
    ]  # fmt: skip


def _find(key: str) -> _Found:
    leads = Hypothesis.objects.filter(resource=key).filter(
        Q(state=HypothesisState.LEADING) | Q(diagnoses__isnull=False)
    )
    named = Diagnosis.objects.filter(resource=key)
    told = Evidence.objects.filter(
        resource=key, feature__in=HURT_FEATURES, magnitude__isnull=False, peer=""
    )
    reported = Incident.objects.filter(resource=key).order_by("-pk").values_list("pk", flat=True)
    alerts = Alert.objects.filter(resource=key).order_by("-incident")
    blamed = {*_runs(leads), *_runs(named)}
    hurt = _runs(told)
    of = dict(
        Investigation.objects.filter(pk__in=blamed | hurt).values_list("pk", "incident_id")
    )  # fmt: skip
    alerted = alerts.values_list("incident", flat=True).distinct()[:PAST]
    return _Found(
        set(reported[:PAST]), {of[run] for run in blamed}, {*alerted, *(of[run] for run in hurt)}
    )


def _runs(
    rows: "QuerySet[Hypothesis] | QuerySet[Diagnosis] | QuerySet[Evidence]",
) -> set[int]:
    """Return the newest investigations of some rows."""
    newest: Iterable[int] = (
        rows.order_by("-investigation").values_list("investigation", flat=True).distinct()[:PAST]
    )
    return set(newest)


def _parts(
    key: str, incident: Incident, diagnosis: Diagnosis | None, found: _Found
) -> tuple[str, ...]:
    parts = []
    if incident.pk in found.blamed:
        leader = diagnosis.hypothesis if diagnosis else None
        names = {diagnosis.resource if diagnosis else "", leader.resource if leader else ""}
        if key not in names or not is_standing(diagnosis):
            parts.append("once led as cause")
        else:
            parts.append("led as cause" if incident.is_over else "leads as cause")
    if incident.resource == key:
        parts.append("reported")
    elif incident.pk in found.hurt:
        parts.append("was affected" if incident.is_over else "affected")
    return tuple(parts)
