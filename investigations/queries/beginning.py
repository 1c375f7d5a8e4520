"""When the trouble began: one answer for every page."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Min

from investigations.enums import HypothesisState
from investigations.models import HURT_FEATURES, Diagnosis, Evidence, Incident


def first_seen(chain: Iterable[Mapping[str, object]]) -> datetime | None:
    """Return when that of a causal chain was seen which came first; what is inferred dates nothing."""
    found = [str(x["onset_at"]) for x in chain if x.get("onset_at") and not x.get("is_inferred")]
    return min(map(datetime.fromisoformat, found), default=None)


def is_standing(diagnosis: Diagnosis | None) -> bool:
    """Whether there is a diagnosis whose leader nobody has ruled out since."""
    if diagnosis is None:
        return False
    return diagnosis.hypothesis is None or diagnosis.hypothesis.state != HypothesisState.RULED_OUT


def seen_before(incident: Incident, diagnosis: Diagnosis | None) -> datetime | None:
    """Return when it began by the evidence, if that is before it was told of."""
    first = first_seen(diagnosis.causal_chain) if diagnosis and is_standing(diagnosis) else None
    return first if first is not None and first < incident.started_at else None


def began_at(incident: Incident, diagnosis: Diagnosis | None) -> datetime:
    """Return when it began: by the evidence, or else when the alert or the report says."""
    return seen_before(incident, diagnosis) or incident.started_at


def first_hurt(*, began: datetime, told: datetime, onsets: Iterable[datetime]) -> datetime:
    """Return when users were first hurt, which may be long after its cause began.

    ``onsets``: since when evidence shows the service of the alert or the report slow or failing.
    Never before ``began``; without evidence it is when the alert or the report came, ``told``.
    """
    return max(began, min([told, *onsets]))


def hurt_since(incidents: Iterable[tuple[Incident, Diagnosis | None]]) -> dict[int, datetime]:
    """Return since when users were hurt, by incident's id. One query."""
    pairs = list(incidents)
    rows = Evidence.objects.filter(
        investigation__incident__in=[i.pk for i, _ in pairs], feature__in=HURT_FEATURES,
        resource__in={i.resource for i, _ in pairs}, magnitude__isnull=False, peer="",
        onset_at__isnull=False, challenges=None,
    ).values("investigation__incident_id", "resource")  # fmt: skip
    firsts = rows.order_by().annotate(first=Min("onset_at"))
    seen = {(r["investigation__incident_id"], r["resource"]): r["first"] for r in firsts}
    return {
        i.pk: first_hurt(
            began=began_at(i, diagnosis), told=i.started_at,
            onsets=[seen[i.pk, i.resource]] if (i.pk, i.resource) in seen else [],
        )
        for i, diagnosis in pairs
    }  # fmt: skip


def newest_diagnosis(incident: Incident) -> Diagnosis | None:
    """Return the newest diagnosis of an incident, with its hypothesis. One query."""
    rows = Diagnosis.objects.filter(investigation__incident=incident).order_by("-pk")
    return rows.select_related("hypothesis", "investigation").first()
