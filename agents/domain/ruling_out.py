"""What rules a cause out, and how a card says it: by the evidence's own words."""

import re
from collections.abc import Sequence

from agents.case import Case
from agents.features import FEATURES
from agents.findings import Finding
from agents.reconciler.decide import OUT_DECIBANS
from agents.reconciler.scoring import Scored, StanceScore
from telemetry.types import Semantic

# What tells of slowness says little of why requests fail, and the other way round.
TELLS_OF = {
    Semantic.LATENCY_P99_SECONDS: frozenset(
        {"latency_rise", "edge_latency_rise", "own_time_rise", "call_delay", "own_delay"}
    ),
    Semantic.ERROR_RATIO: frozenset({"error_rise", "edge_error_rise", "new_error_template"}),
}
# Weaker than what rules out, yet named as dissent: it may say in words why a cause is out.
TELLING_DECIBANS = -2.0
# Its claim says by itself that this is not it.
SAYS_IT_ALL = "changes_harmless"
CHANGED = "_before_onset"
PLACE = re.compile(r" \(([a-z ]+)\)")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")
MAX_CLAIM = 200


def killer_of(scored: Scored, findings: Sequence[Finding], case: Case) -> StanceScore | None:
    """Return what a cause that the evidence rules out is ruled out by; None where nothing is so strong.

    The weightiest, but for what tells only of another kind of symptom than the incident has.
    """
    against = sorted(
        (s for s in scored.stances if s.decibans <= TELLING_DECIBANS), key=lambda s: s.decibans
    )
    if not against or against[0].decibans > OUT_DECIBANS:
        return None
    kinds = {s.semantic for s in case.symptoms} & set(TELLS_OF)
    others = frozenset[str]().union(*(TELLS_OF[k] for k in set(TELLS_OF) - kinds if kinds))
    own = [s for s in against if findings[s.index].feature not in others]
    strong = [s for s in own if s.decibans <= OUT_DECIBANS and not _is_other_change(s)]
    return (strong or own or against)[0]


def _is_other_change(stance: StanceScore) -> bool:
    """Whether it only says that something else was changed as well: the weakest way to be out."""
    feature, _, effect = stance.term.partition("/")
    return effect not in {"absent", "late"} and feature.endswith(CHANGED)


def plain_reason(stance: StanceScore, finding: Finding, scored: Scored) -> str:
    """Return in a sentence or two what was seen, and why that speaks against the cause."""
    claim = SENTENCE_END.split(finding.claim)[0].rstrip(".")
    if len(claim) > MAX_CLAIM:
        claim = f"{claim[: MAX_CLAIM - 1]}…"
    feature, _, effect = stance.term.partition("/")
    spec, place = FEATURES.get(feature), PLACE.search(stance.rule)
    if spec is None or feature == SAYS_IT_ALL:
        return claim
    if effect == "absent":
        return f"{claim}. This cause predicts: {spec.title}"
    if effect == "late":
        return f"{claim}. That began after the symptom"
    if place is not None and place[1] in {"callees", "edge out"}:
        return f"{claim}. That speaks for a cause in what {scored.cause.resource.name} calls"
    if _is_other_change(stance):
        return f"{claim}. That change is the likelier account"
    return f"{claim}. This cause would not show: {spec.title}"
