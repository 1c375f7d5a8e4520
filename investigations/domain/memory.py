"""What is remembered of an incident: its text, its words, its vector."""

import structlog
from django.contrib.postgres.search import SearchVector
from django.db.models import Q, Value

from investigations.embeddings import MODEL_NAME, EmbeddingUnavailable, get_embedder
from investigations.enums import EvidenceKind, HypothesisState
from investigations.models import (
    BoardEntry,
    Diagnosis,
    Evidence,
    Hypothesis,
    Incident,
    IncidentMemory,
)

log = structlog.get_logger(__name__)
MAX_SIGNS = 200
MAX_NAMES = 50


def remember(incident_id: int) -> IncidentMemory | None:
    """Write the incident's memory anew. Idempotent; None if there is no such incident."""
    incident = Incident.objects.filter(pk=incident_id).first()
    if incident is None:
        return None
    text = memory_text(incident)
    try:
        vector, name = get_embedder().embed(text), MODEL_NAME
    except EmbeddingUnavailable as error:
        log.warning("memory.no_vector", reason=str(error))
        vector, name = None, ""
    memory, _ = IncidentMemory.objects.update_or_create(
        incident=incident,
        defaults={
            "text": text, "embedding": vector, "model_name": name, "signs": _signs(incident),
            **_facets(incident),
        },
    )  # fmt: skip
    # Names are found by words alone: in the text they would make unlike incidents near in meaning.
    IncidentMemory.objects.filter(pk=memory.pk).update(
        words=SearchVector(
            Value(f"{text}\n{names_of(incident)}\n{suspected_of(incident)}"), config="english"
        )
    )
    return memory


def _facets(incident: Incident) -> dict[str, str]:
    newest = Diagnosis.objects.filter(investigation__incident=incident).order_by("-pk").first()
    helped = BoardEntry.objects.filter(
        investigation__incident=incident, kind="action", data__state="succeeded"
    ).order_by("-pk").first()  # fmt: skip
    return {
        "fault_class": newest.fault_class if newest else "",
        "verdict": newest.verdict if newest else "",
        "action": str(helped.data.get("kind", "")) if helped else "",
    }


def _signs(incident: Incident) -> list[str]:
    """Return what was found to be there, by type: not changes that were only near, nor what came after."""
    rows = Evidence.objects.filter(
        investigation__incident=incident, challenges=None, sample__finding__presence="present"
    ).exclude(feature__in=["", "recovered"])
    found = rows.exclude(feature__endswith="_before_onset").exclude(
        feature__startswith="treatment_"
    )
    return sorted(found.order_by().values_list("feature", flat=True).distinct()[:MAX_SIGNS])


def names_of(incident: Incident) -> str:
    """Return whom it hurt and the change that is blamed, with its author, as words; maybe none.

    Of changes that were only near there are many: they count while none is blamed.
    """
    investigation = incident.investigations.order_by("-id").first()
    if investigation is None:
        return ""
    diagnosis = investigation.diagnoses.order_by("-number").first()
    hurt = [*incident.alerts.values_list("resource", flat=True).distinct()[:MAX_NAMES]]
    changes = investigation.evidence.filter(kind=EvidenceKind.CHANGE).order_by("number")
    if diagnosis is not None:
        hurt += [str(link["resource"]) for link in diagnosis.causal_chain]
        if diagnosis.change_id:
            changes = changes.filter(sample__finding__change_id=diagnosis.change_id)
    told = changes.values_list("claim", flat=True)[:MAX_NAMES]
    said = diagnosis.happening if diagnosis is not None else ""
    names = [key.replace("/", " ") for key in dict.fromkeys(hurt)]
    return "\n".join([*names, said, *told])[:8000]


def suspected_of(incident: Incident) -> str:
    """Return what people took it for, and what was not ruled out: they will look for these words."""
    claims = Hypothesis.objects.filter(investigation__incident=incident)
    kept = claims.filter(~Q(state=HypothesisState.RULED_OUT) | Q(author__startswith="person/"))
    told = kept.order_by("number").values_list("claim", flat=True)[:MAX_NAMES]
    return "\n".join(told)[:8000]


def memory_text(incident: Incident) -> str:
    """Return what search reads: symptom, resource, what was concluded, what was done."""
    parts = [incident.title, incident.symptom, incident.resource.replace("/", " ")]
    investigation = incident.investigations.order_by("-id").first()
    diagnosis = investigation.diagnoses.order_by("-number").first() if investigation else None
    if diagnosis is not None:
        parts += [diagnosis.fault_class.replace("_", " "), diagnosis.summary]
    if investigation is not None:
        for entry in investigation.entries.filter(kind="action")[:5]:
            parts.append(str(entry.data.get("title", "")))
    parts.append(incident.resolution)
    return "\n".join(part for part in parts if part)[:4000]
