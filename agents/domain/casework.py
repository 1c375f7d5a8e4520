"""The case of an investigation, rebuilt from its rows for each step."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog
from django.conf import settings

from agents.case import Case, Symptom
from agents.domain.breaker import Breaker, behind, breaker_of
from agents.domain.posting import finding_of
from agents.domain.sharing import Answers, shared
from agents.enums import Presence
from agents.findings import Cause, Finding
from investigations.enums import HypothesisState, SteeringKind
from investigations.models import Evidence, Hypothesis, Investigation
from telemetry.ask import GuardedSources, guarded
from telemetry.backends import open_sources
from telemetry.errors import QueryRejected
from telemetry.phrasing import clock
from telemetry.ports import TelemetrySources
from telemetry.results import QueryResult
from telemetry.types import (
    ResourceKind,
    ResourceRef,
    Semantic,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
)

log = structlog.get_logger(__name__)
MAX_CALLS = 60
Call = tuple[str, str, str, float, int]


@dataclass
class Meter:
    """Counts what a step asks of telemetry, and keeps the first queries with their outcome.

    ``fresh`` are the answers nobody has told the board of yet; ``on_answer`` is called after each.
    ``denied`` is the first refusal for want of a permission.
    """

    breaker: Breaker
    queries: int = 0
    rows: int = 0
    seconds: float = 0.0
    calls: list[Call] = field(default_factory=list)
    fresh: list[QueryResult[object]] = field(default_factory=list)
    on_answer: Callable[[], None] | None = None
    answered: int = 0
    denied: str = ""

    def __call__(self, result: QueryResult[object]) -> None:
        if result.is_repeat:
            self.answered += 1
            return
        source = result.provenance
        rows = len(result.data) if isinstance(result.data, tuple) else 1
        self.queries += 1
        self.seconds += source.duration_seconds
        self.rows += rows
        self.breaker.note(result, deadline_seconds=settings.TELEMETRY_DEADLINE_SECONDS)
        if len(self.calls) < MAX_CALLS:
            seconds = round(source.duration_seconds, 4)
            status = result.status.value
            self.calls.append((source.kind.value, source.query[:200], status, seconds, rows))
        self.answered += result.is_answer
        if result.is_denied and not self.denied:
            self.denied = result.message
        self.fresh.append(result)
        if self.on_answer is not None:
            self.on_answer()


@dataclass
class Casework:
    """A case, the findings on the board by evidence id, and the meter of this step."""

    investigation: Investigation
    case: Case
    meter: Meter
    evidence: list[Evidence] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def load(self) -> None:
        """Read the board's evidence anew, oldest first.

        Where a later round found something else on the same question, its answer counts, and a
        source that answered in a later round is no gap any more. Answers to challenges are not
        findings of their own.
        """
        latest: dict[str, tuple[Evidence, Finding]] = {}
        answered: dict[str, int] = {}
        rows = Evidence.objects.filter(investigation=self.investigation, challenges=None)
        for row in rows.order_by("number"):
            finding = finding_of(row)
            if finding is None:
                continue
            latest[finding.key] = (row, finding)
            if finding.presence is not Presence.UNKNOWN:
                answered[finding.kind.value] = round_of(row)
        kept = [
            (row, finding) for row, finding in latest.values()
            if finding.presence is not Presence.UNKNOWN
            or answered.get(finding.kind.value, 0) <= round_of(row)
        ]  # fmt: skip
        self.evidence = [row for row, _ in kept]
        self.findings = [finding for _, finding in kept]

    def has_same(self, finding: Finding) -> bool:
        """Whether the board already says this, in what counts now (see :meth:`load`)."""
        return any(says_the_same(known, finding) for known in self.findings)

    def worded(self, finding: Finding) -> Finding:
        """Return a finding that also says what is new in it, where its words alone do not."""
        known = next((f for f in self.findings if f.key == finding.key), None)
        if known is None or not known.claim.startswith(finding.claim):
            return finding
        if finding.ended_at is not None:
            return replace(
                finding, claim=f"{finding.claim} Last seen at {clock(finding.ended_at)}."
            )
        news = "It is over." if finding.has_ended else "It goes on."
        return replace(finding, claim=f"{finding.claim} {news}")


def round_of(evidence: Evidence) -> int:
    """Return the round that evidence was posted in, from its step key (``r2/…``)."""
    head = evidence.step_key.partition("/")[0].removeprefix("r")
    return int(head) if head.isdigit() else 0


def says_the_same(known: Finding, fresh: Finding) -> bool:
    """Whether a finding only repeats another: same question, same answer, within a quarter."""
    if (known.key, known.presence, known.has_ended) != (fresh.key, fresh.presence, fresh.has_ended):
        return False
    if (known.ended_at is None) != (fresh.ended_at is None):
        return False
    was, now = known.magnitude, fresh.magnitude
    if was is None or now is None:
        return was is now
    return abs(now - was) <= 0.25 * max(abs(was), abs(now))


def sources_of(
    investigation: Investigation, meter: Meter, answers: Answers | None = None
) -> GuardedSources:
    """Open what the investigation may ask: guarded, metered, behind its breaker.

    With ``answers`` what was asked before is not asked again.
    """
    try:
        sources = open_sources(investigation.telemetry)
    except QueryRejected as error:
        log.warning("casework.no_sources", reason=str(error))
        sources = TelemetrySources()
    if answers is not None:
        sources = shared(sources, answers)
    return guarded(
        behind(sources, meter.breaker),
        deadline_seconds=settings.TELEMETRY_DEADLINE_SECONDS,
        on_query=meter,
    )


def symptoms_of(investigation: Investigation) -> tuple[Symptom, ...]:
    """Return the incident's own symptom: what the first alert, or the person, said."""
    incident = investigation.incident
    own = Symptom(
        resource=parse_resource(incident.resource),
        started_at=incident.started_at,
        summary=incident.symptom or incident.title,
        semantic=Semantic(incident.semantic) if incident.semantic in set(Semantic) else None,
    )
    return (own,)


def parse_resource(text: str) -> ResourceRef:
    """Read a resource key; a bare name is taken for a service."""
    try:
        return ResourceRef.parse(text)
    except ValueError:
        return ResourceRef(ResourceKind.SERVICE, text or "unknown")


def open_case(
    investigation: Investigation, *, agent: str = "", answers: Answers | None = None
) -> Casework:
    """Return the case from the investigation's scope, without asking anything yet.

    With ``answers`` it shares what other steps were told. What people named in their messages to
    this agent, or to all, comes first in the scope; what their hypotheses blame belongs to it too.
    """
    meter = Meter(breaker_of(investigation.pk))
    scope = investigation.scope
    graph = TopologyGraph(
        resources=tuple(parse_resource(r) for r in scope.get("resources", [])),
        edges=tuple(
            TopologyEdge(parse_resource(a), parse_resource(b)) for a, b in scope.get("edges", [])
        ),
        runs_on=tuple((parse_resource(a), parse_resource(b)) for a, b in scope.get("runs_on", [])),
    )
    affected = tuple(parse_resource(r) for r in scope.get("affected", []))
    messages = investigation.steering.filter(kind__in=(SteeringKind.STEER, SteeringKind.FOCUS))
    hints = tuple(m.text for m in messages if m.agent in {"", agent})
    focus = match_named(" ".join(hints), (*affected, *graph.resources)) if hints else ()
    case = Case(
        sources=sources_of(investigation, meter, answers),
        symptoms=symptoms_of(investigation),
        window=TimeWindow(investigation.window_start, investigation.window_end),
        baseline=TimeWindow(investigation.baseline_start, investigation.baseline_end),
        graph=graph,
        # An empty scope means everything: it must not shrink to what people named.
        affected=tuple(dict.fromkeys((*focus, *affected, *_suspected(investigation))))
        if affected
        else (),
        focus=focus,
        hints=hints,
        step_seconds=float(scope.get("step_seconds", 10.0)),
        memo={} if answers is None else answers.memo,
    )
    return Casework(investigation, case, meter)


def _suspected(investigation: Investigation) -> list[ResourceRef]:
    """Return what people's hypotheses blame, at most five: out of scope nothing would test them."""
    rows = investigation.hypotheses.filter(author__startswith="person/").exclude(fault_class="")
    rows = rows.exclude(state=HypothesisState.RULED_OUT).exclude(resource="")
    return [
        parse_resource(r) for r in rows.order_by("number").values_list("resource", flat=True)[:5]
    ]


def match_named(text: str, resources: tuple[ResourceRef, ...]) -> tuple[ResourceRef, ...]:
    """Return the resources that a text names as whole words, each once, at most five."""
    words = set(text.lower().replace(",", " ").replace(".", " ").split())
    return tuple(dict.fromkeys(r for r in resources if r.name.lower() in words))[:5]


def live_hypotheses(investigation: Investigation) -> list[Hypothesis]:
    """Return hypotheses that name a cause and that no person has ruled out."""
    rows = Hypothesis.objects.filter(investigation=investigation).exclude(fault_class="")
    return [
        h for h in rows
        if not (h.state == HypothesisState.RULED_OUT and h.ruled_out_by.startswith("person/"))
    ]  # fmt: skip


def cause_of(hypothesis: Hypothesis) -> Cause:
    """Return the cause that a hypothesis names."""
    return Cause(parse_resource(hypothesis.resource), hypothesis.fault_class, hypothesis.change_id)
