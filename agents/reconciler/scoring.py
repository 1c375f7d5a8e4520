"""From findings to scores: predictions met and missed, as decibans, without counting twice."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from agents.case import Case
from agents.enums import Presence
from agents.faults.model import FaultModel, Prediction, Where
from agents.faults.registry import FAULTS
from agents.features import FEATURES
from agents.findings import Cause, Finding
from agents.reconciler.naming import claim_of
from agents.reconciler.relevance import Relevance, relevance_of
from agents.reconciler.treated import RULES, weight_of_treatment
from agents.reconciler.weights import factor_of
from telemetry.types import ResourceKind, ResourceRef, TopologyGraph

MAX_DECIBANS = 15.0
REPEAT_DISCOUNT = 0.5
TIMING_TOLERANCE = timedelta(seconds=60)
UNREACHED_SYMPTOM = -9.0
UNTOLD_SIDE = -3.0
PAST_AND_OVER = -22.0
CALL_READINGS = frozenset(
    {"edge_latency_rise", "edge_error_rise", "call_delay", "own_time_rise", "course_departure"}
)
SIGNS_OF_TROUBLE = frozenset({"latency_rise", "error_rise", "series_anomaly"})


@dataclass(frozen=True, slots=True)
class StanceScore:
    """What one finding (by index) says of one cause, and by which rule.

    ``term`` names the kind of evidence, for learning what it is worth: ``feature/presence``.
    """

    index: int
    decibans: float
    rule: str
    term: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its stances. ``total`` includes prior and structure, discounted."""

    cause: Cause
    claim: str
    prior: float
    total: float
    stances: tuple[StanceScore, ...]
    notes: tuple[str, ...] = ()
    kinds: frozenset[str] = field(default=frozenset())

    @property
    def is_tested(self) -> bool:
        """Whether anything that was found speaks for it or against it."""
        return any(abs(s.decibans) >= 1 for s in self.stances)


def reachable(graph: TopologyGraph, start: ResourceRef, *, hops: int = 6) -> set[ResourceRef]:
    """Return what a resource depends on, itself included."""
    found, frontier = {start}, {start}
    for _ in range(hops):
        frontier = {c for r in frontier for c in graph.callees(r)} - found
        if not frontier:
            break
        found |= frontier
    nodes = {node for placed, node in graph.runs_on if placed in found}
    return found | nodes


class Locator:
    """Where findings lie, seen from one blamed resource."""

    def __init__(self, case: Case, resource: ResourceRef) -> None:
        self.resource = resource
        self.callees = set(case.graph.callees(resource))
        direct = set(case.graph.callers(resource))
        self.callers = direct | {c for r in direct for c in case.graph.callers(r)}
        self.symptoms = {s.resource for s in case.symptoms}

    def is_at(self, where: Where, finding: Finding) -> bool:
        """Whether a finding lies where a prediction looks."""
        tests: dict[Where, Callable[[], bool]] = {
            Where.SELF: lambda: finding.resource == self.resource,
            Where.EDGE_IN: lambda: finding.peer == self.resource,
            Where.EDGE_OUT: lambda: finding.resource == self.resource and finding.peer is not None,
            Where.CALLEES: lambda: finding.resource in self.callees,
            Where.CALLERS: lambda: finding.resource in self.callers,
            Where.SYMPTOM: lambda: finding.resource in self.symptoms,
            Where.ANYWHERE: lambda: True,
        }
        return tests[where]()


def score(cause: Cause, findings: Sequence[Finding], case: Case) -> Scored:
    """Score one candidate against everything that was found.

    For each prediction the strongest finding present counts with its weight; if none is present
    but the source answered, the prediction counts as missed. Findings from one ingestion path
    about one resource are not independent: the strongest counts whole, the others half.
    """
    model = FAULTS[cause.fault_class]
    relevance = relevance_of(findings, case)
    stances = stances_of(cause, findings, case, relevance)
    structure, notes = _structure(model, cause, findings, case, relevance)
    shares = shares_of(stances, findings)
    evidence = sum(s.decibans * share for s, share in zip(stances, shares, strict=True))
    total = model.prior + structure + evidence
    kinds = frozenset(witness_of(findings[s.index]) for s in stances if s.decibans >= 1)
    claim = claim_of(model, cause, findings, case.graph)
    return Scored(cause, claim, model.prior, total, stances, notes, kinds)


def stances_of(
    cause: Cause, findings: Sequence[Finding], case: Case, relevance: Relevance
) -> tuple[StanceScore, ...]:
    """Return what findings say of one cause, the weightiest first."""
    locator = Locator(case, cause.resource)
    by_feature: dict[str, list[int]] = defaultdict(list)
    for index, finding in enumerate(findings):
        if not relevance.is_earlier(finding):
            by_feature[finding.feature].append(index)
    best: dict[int, StanceScore] = {}
    for prediction in FAULTS[cause.fault_class].predictions:
        near = [i for i in by_feature[prediction.feature]
                if locator.is_at(prediction.where, findings[i])]  # fmt: skip
        stance = _judge(prediction, near, findings, relevance, cause)
        if stance is not None:
            known = best.get(stance.index)
            if known is None or abs(stance.decibans) > abs(known.decibans):
                best[stance.index] = stance
    for index, finding in enumerate(findings):
        weight = weight_of_treatment(cause, finding)
        if weight:
            best[index] = StanceScore(index, weight, RULES[finding.feature], finding.feature)
    return tuple(sorted(best.values(), key=lambda s: -abs(s.decibans)))


def witness_of(finding: Finding) -> str:
    """Return the independent record that a finding rests on: its kind, or its facet of it."""
    spec = FEATURES.get(finding.feature)
    return spec.witness if spec is not None and spec.facet else finding.kind.value


def _judge(
    prediction: Prediction,
    near: list[int],
    findings: Sequence[Finding],
    relevance: Relevance,
    cause: Cause,
) -> StanceScore | None:
    present = [i for i in near if findings[i].presence is Presence.PRESENT]
    if cause.change_id:
        about = [i for i in present if findings[i].change_id in {"", cause.change_id}]
        present = about or present
    place = prediction.where.value.replace("_", " ")
    if present:
        index = max(present, key=lambda i: findings[i].strength)
        finding = findings[index]
        weight = prediction.present * finding.strength
        rule = f"{prediction.feature.replace('_', ' ')} ({place}): predicted"
        effect = "present" if prediction.present >= 0 else "refutes"
        if prediction.present < 0:
            rule = f"{prediction.feature.replace('_', ' ')} ({place}): speaks for another mechanism"
        late = finding.onset_at and finding.onset_at > relevance.began + TIMING_TOLERANCE
        if prediction.before_symptom and late:
            weight, rule = -abs(weight), f"{rule}, but it began after the symptom"
            effect = "late"
        share = relevance.share(finding, weight)
        if not share:
            return None
        if share < 1:
            weight, rule = weight * share, f"{rule}, half as it is over by now"
        term = f"{prediction.feature}/{effect}"
        return StanceScore(index, _bounded(weight * factor_of(term)), rule, term)
    absent = [i for i in near if findings[i].presence is Presence.ABSENT]
    if absent and prediction.absent:
        rule = f"{prediction.feature.replace('_', ' ')} ({place}): looked for, not there"
        term = f"{prediction.feature}/absent"
        weight = prediction.absent * factor_of(term)
        return StanceScore(absent[0], _bounded(weight), rule, term)
    return None


def _bounded(decibans: float) -> float:
    return round(max(-MAX_DECIBANS, min(MAX_DECIBANS, decibans)), 2)


def shares_of(stances: Sequence[StanceScore], findings: Sequence[Finding]) -> list[float]:
    """Return how much of each stance counts, 0..1, in their order.

    Of those from one ingestion path about one resource and to one effect, the strongest counts
    whole, the others half.
    """
    shares, seen = [], set()
    for stance in sorted(stances, key=lambda s: -abs(s.decibans)):
        finding = findings[stance.index]
        path = (finding.provenance.source, finding.kind.value, str(finding.resource))
        group = (*path, stance.decibans > 0)
        shares.append((stance.index, REPEAT_DISCOUNT if group in seen else 1.0))
        seen.add(group)
    by_index = dict(shares)
    return [by_index[s.index] for s in stances]


def is_told_apart(resource: ResourceRef, findings: Sequence[Finding], case: Case) -> bool:
    """Whether anything told a resource's own trouble from that of what is around it.

    Calls to it or from it were measured, requests were followed through it, or all that it calls
    was looked at. Its own series and lines look the same whoever is at fault.
    """
    if not case.graph.edges or resource.kind is ResourceKind.NODE:
        return bool(case.graph.edges)  # A node is asked nothing: its own records are all there is.
    told = [f for f in findings if f.presence is not Presence.UNKNOWN]
    if any(f.feature in CALL_READINGS and resource in {f.resource, f.peer} for f in told):
        return True
    callees = case.graph.callees(resource)
    looked_at = {f.resource for f in told if f.feature in SIGNS_OF_TROUBLE}
    return bool(callees) and set(callees) <= looked_at


def _suffers(model: FaultModel, cause: Cause, findings: Sequence[Finding], case: Case) -> bool:
    """Whether what the model needs beside its trigger is seen, or the symptom is at the resource."""
    return any(s.resource == cause.resource for s in case.symptoms) or any(
        f.presence is Presence.PRESENT and f.feature in model.harms
        and cause.resource in {f.resource, f.peer}
        for f in findings
    )  # fmt: skip


def _structure(
    model: FaultModel, cause: Cause, findings: Sequence[Finding], case: Case,
    relevance: Relevance,
) -> tuple[float, tuple[str, ...]]:  # fmt: skip
    """Return what the topology and the course of the symptom say, with a sentence each."""
    total, notes = 0.0, []
    if case.graph.edges and not model.is_cluster_wide:
        missed = [
            s.resource for s in case.symptoms
            if s.resource.kind is not ResourceKind.NAMESPACE
            and cause.resource not in reachable(case.graph, s.resource)
        ]  # fmt: skip
        if missed:
            total += UNREACHED_SYMPTOM * len(missed) / len(case.symptoms)
            names = ", ".join(sorted({r.name for r in missed}))
            verb = "does" if len({r.name for r in missed}) == 1 else "do"
            notes.append(f"would not explain the symptom on {names}, which {verb} not depend on "
                         f"{cause.resource.name}")  # fmt: skip
    if model.is_catch_all and not is_told_apart(cause.resource, findings, case):
        total += UNTOLD_SIDE
        notes.append("no request was followed to it or past it: it may suffer from something else")
    if not case.graph.edges and model.harms and not _suffers(model, cause, findings, case):
        total += UNREACHED_SYMPTOM
        notes.append("nothing suffers here, and nobody knows whether the symptom depends on it")
    triggers = [
        f for f in findings
        if f.presence is Presence.PRESENT and f.feature in model.triggers
        and cause.resource in {f.resource, f.peer}
    ]  # fmt: skip
    has_ended = bool(triggers) and all(
        f.has_ended or f.kind.value in {"trace", "log"} for f in triggers
    )
    if relevance.is_over and (model.is_generic or has_ended):
        total += PAST_AND_OVER
        notes.append("the symptom is over although nothing was done about this")
    if model.kinds and cause.resource.kind not in model.kinds:
        is_named = cause.resource.kind in {ResourceKind.SERVICE, ResourceKind.WORKLOAD}
        total += -4.0 if is_named else -1.0
    return total, tuple(notes)
