"""The case of an investigation, rebuilt from its rows for each step."""

from dataclasses import dataclass, field

from django.conf import settings

from agents.case import Case, Symptom
from agents.domain.posting import finding_of
from agents.findings import Cause, Finding
from investigations.enums import HypothesisState
from investigations.models import Evidence, Hypothesis, Investigation
from telemetry.ask import GuardedSources, guarded
from telemetry.backends import open_sources
from telemetry.results import QueryResult
from telemetry.types import (
    ResourceKind,
    ResourceRef,
    Semantic,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
)


@dataclass
class Meter:
    """Counts what a step asks of telemetry."""

    queries: int = 0
    rows: int = 0
    seconds: float = 0.0

    def __call__(self, result: QueryResult[object]) -> None:
        self.queries += 1
        self.seconds += result.provenance.duration_seconds
        self.rows += len(result.data) if isinstance(result.data, tuple) else 1


@dataclass
class Casework:
    """A case, the findings on the board by evidence id, and the meter of this step."""

    investigation: Investigation
    case: Case
    meter: Meter
    evidence: list[Evidence] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def load(self) -> None:
        """Read the board's evidence anew, oldest first."""
        self.evidence, self.findings = [], []
        rows = Evidence.objects.filter(investigation=self.investigation).order_by("number")
        for row in rows:
            finding = finding_of(row)
            if finding is not None and row.challenges_id is None:
                self.evidence.append(row)
                self.findings.append(finding)


def sources_of(investigation: Investigation, meter: Meter) -> GuardedSources:
    """Open what the investigation may ask, guarded and metered."""
    return guarded(
        open_sources(investigation.telemetry),
        deadline_seconds=settings.TELEMETRY_DEADLINE_SECONDS,
        on_query=meter,
    )


def symptoms_of(investigation: Investigation) -> tuple[Symptom, ...]:
    """Return the incident's own symptom first, then one for each further alerting resource."""
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


def open_case(investigation: Investigation, *, agent: str = "") -> Casework:
    """Return the case from the investigation's scope, without asking anything yet."""
    meter = Meter()
    scope = investigation.scope
    graph = TopologyGraph(
        resources=tuple(parse_resource(r) for r in scope.get("resources", [])),
        edges=tuple(
            TopologyEdge(parse_resource(a), parse_resource(b)) for a, b in scope.get("edges", [])
        ),
        runs_on=tuple((parse_resource(a), parse_resource(b)) for a, b in scope.get("runs_on", [])),
    )
    hints = [m.text for m in investigation.steering.all() if m.agent in {"", agent}]
    case = Case(
        sources=sources_of(investigation, meter),
        symptoms=symptoms_of(investigation),
        window=TimeWindow(investigation.window_start, investigation.window_end),
        baseline=TimeWindow(investigation.baseline_start, investigation.baseline_end),
        graph=graph,
        affected=tuple(parse_resource(r) for r in scope.get("affected", [])),
        hints=tuple(hints),
        step_seconds=float(scope.get("step_seconds", 10.0)),
    )
    return Casework(investigation, case, meter)


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
