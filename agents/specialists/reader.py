"""Reading once what several checks need, and saying plainly when a source does not answer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from agents.case import Case
from agents.detectors.segments import Segment, cut_segments
from agents.enums import AgentName, Presence
from agents.findings import Finding
from telemetry.results import QueryResult, ResultStatus
from telemetry.types import (
    ChangeEvent,
    ClusterState,
    DatabaseState,
    EdgeStats,
    LogLine,
    ResourceRef,
    Semantic,
    Series,
    Span,
    TelemetryKind,
    TimeWindow,
)

LOG_LIMIT = 4000
# A scan of everything has an end: beyond so many series a system is told by the mapped ones.
SCAN_LIMIT = 2000
SPAN_LIMIT = 40_000
LINE_LIMIT = 60_000
# Enough lines to see whether they name the trace that they belong to.
LINES_TRIED = 200
T = TypeVar("T")
Check = Callable[["Reader"], Iterator[Finding]]


@dataclass
class Reader:
    """The queries of one step. Each is asked at most once; answers are shared by the checks."""

    case: Case
    agent: AgentName
    gaps: dict[str, Finding] = field(default_factory=dict)
    _metrics: QueryResult[tuple[Series, ...]] | None = None
    _by_pod: dict[tuple[Semantic, ...], QueryResult[tuple[Series, ...]]] = field(
        default_factory=dict
    )
    _every: QueryResult[tuple[Series, ...]] | None = None
    _logs: dict[str, QueryResult[tuple[LogLine, ...]]] = field(default_factory=dict)
    _edges: dict[str, QueryResult[tuple[EdgeStats, ...]]] = field(default_factory=dict)
    _cluster: QueryResult[ClusterState] | None = None
    _changes: QueryResult[tuple[ChangeEvent, ...]] | None = None
    _databases: QueryResult[tuple[DatabaseState, ...]] | None = None

    @property
    def whole(self) -> TimeWindow:
        """From the beginning of the baseline to the end of the window."""
        return TimeWindow(self.case.baseline.start, self.case.window.end)

    def found(self, check: Check) -> tuple[Finding, ...]:
        """Return what a check finds, present or not, worked out once for the steps of a round."""

        def work() -> tuple[tuple[Finding, ...], dict[str, Finding]]:
            return tuple(check(self)), dict(self.gaps)

        # A source that failed is asked again by the next step.
        found, gaps = self.case.once(
            (self.agent, check), work, is_kept=lambda worked_out: not worked_out[1]
        )
        self.gaps.update(gaps)
        return found

    def metrics(self, semantics: Sequence[Semantic]) -> QueryResult[tuple[Series, ...]]:
        """Return the series of these meanings for everything in scope, baseline included."""
        if self._metrics is None:
            self._metrics = self.case.sources.metrics.read_semantic(
                self.case.affected, semantics, self.whole, step_seconds=self.case.step_seconds
            )
            self._note(self._metrics, "metrics")
        return self._metrics

    def by_pod(self, semantics: Sequence[Semantic]) -> QueryResult[tuple[Series, ...]]:
        """Return series of single pods for everything in scope; nothing where none are told apart.

        Whether a source tells pods apart is no gap: its series of services were asked for too.
        """
        wanted = tuple(semantics)
        if wanted not in self._by_pod:
            self._by_pod[wanted] = self.case.sources.metrics.read_semantic(
                self.case.affected, wanted, self.whole,
                step_seconds=self.case.step_seconds, by_pod=True,
            )  # fmt: skip
        return self._by_pod[wanted]

    def every_series(self) -> QueryResult[tuple[Series, ...]]:
        """Return every series of everything in scope, those with a meaning first, up to a cap."""
        if self._every is None:
            metrics = self.case.sources.metrics
            listed = metrics.catalogue(self.case.affected, self.whole)
            refs = sorted(listed.data, key=lambda ref: ref.semantic is None)[:SCAN_LIMIT]
            if not refs:
                self._every = QueryResult(listed.status, (), listed.provenance, listed.message)
            else:
                self._every = metrics.read(refs, self.whole, step_seconds=self.case.step_seconds)
            self._note(self._every, "metrics")
        return self._every

    def logs(self, part: str) -> QueryResult[tuple[LogLine, ...]]:
        """Return warnings and errors of the ``baseline`` or of the ``window``.

        Where there are too many, errors are asked for by themselves as well: a flood of warnings
        must not hide the one line that matters.
        """
        if part not in self._logs:
            window = self.case.baseline if part == "baseline" else self.case.window
            found = self._lines(window, "warning")
            if found.provenance.truncated_count:
                worse = self._lines(window, "error")
                known = {(line.at, line.resource, line.body) for line in found.data}
                more = [x for x in worse.data if (x.at, x.resource, x.body) not in known]
                found = replace(
                    found, data=tuple(sorted((*found.data, *more), key=lambda line: line.at))
                )
            self._logs[part] = found
            self._note(found, "logs")
        return self._logs[part]

    def _lines(self, window: TimeWindow, min_severity: str) -> QueryResult[tuple[LogLine, ...]]:
        return self.case.sources.logs.lines(
            self.case.affected, window, limit=LOG_LIMIT, min_severity=min_severity
        )

    def edges(self, part: str) -> QueryResult[tuple[EdgeStats, ...]]:
        """Return call statistics of the ``baseline`` or since the symptom began."""
        if part not in self._edges:
            window = self._before_or_since(part)
            self._edges[part] = self.case.sources.traces.edges(self.case.affected, window)
            self._note(self._edges[part], "traces")
        return self._edges[part]

    def segments(self, part: str) -> tuple[list[Segment], QueryResult[tuple[Span, ...]]]:
        """Return what each service did for each request, of the ``baseline`` or since the symptom.

        Worked out once for all steps of a case. Lines are joined where all of them could be read
        and they name their traces.
        """
        return self.case.once(("segments", part), lambda: self._segments(part))

    def _segments(self, part: str) -> tuple[list[Segment], QueryResult[tuple[Span, ...]]]:
        window = self._before_or_since(part)
        spans = self.case.sources.traces.spans(
            self.case.affected, window, limit=SPAN_LIMIT, is_sample=True
        )
        lines = self._joined_lines(window) if spans.data else ()
        return cut_segments(spans.data, lines), spans

    def _joined_lines(self, window: TimeWindow) -> tuple[LogLine, ...]:
        logs = self.case.sources.logs
        tried = logs.lines(self.case.affected, window, limit=LINES_TRIED)
        if not any(line.trace_id for line in tried.data):
            return ()
        whole = logs.lines(self.case.affected, window, limit=LINE_LIMIT)
        # Of thinned lines nothing can be said to be missing.
        return () if whole.provenance.truncated_count else whole.data

    def _before_or_since(self, part: str) -> TimeWindow:
        window = self.case.window
        if part == "baseline":
            return self.case.baseline
        start = max(window.start, earliest_symptom(self.case))
        return TimeWindow(start, window.end) if start < window.end else window

    def cluster(self) -> QueryResult[ClusterState]:
        """Return the cluster's state and events."""
        if self._cluster is None:
            self._cluster = self.case.sources.cluster.state(self.case.affected, self.whole)
            self._note(self._cluster, "cluster state")
        return self._cluster

    def changes(self) -> QueryResult[tuple[ChangeEvent, ...]]:
        """Return the changes from the beginning of the baseline on."""
        if self._changes is None:
            self._changes = self.case.sources.changes.changes(self.case.affected, self.whole)
            self._note(self._changes, "changes")
        return self._changes

    def changes_elsewhere(self) -> tuple[ChangeEvent, ...]:
        """Return the changes of what is not in scope: what others share may be theirs."""
        result = self.case.sources.changes.changes((), self.whole)
        scope = set(self.case.affected)
        return tuple(c for c in result.data if c.resource not in scope) if scope else ()

    def databases(self) -> QueryResult[tuple[DatabaseState, ...]]:
        """Return the databases' own view."""
        if self._databases is None:
            self._databases = self.case.sources.database.inspect(
                self.case.affected, self.case.window
            )
            self._note(self._databases, "database state")
        return self._databases

    def _note(self, result: QueryResult[T], what: str) -> None:
        is_cut = result.status is ResultStatus.PARTIAL and bool(result.message)
        # Services that run have metrics: none at all means that the wrong ones were asked for.
        is_blind = (what, self.agent, result.status) == (
            "metrics", AgentName.NETWORK, ResultStatus.NO_DATA,
        )  # fmt: skip
        if result.status is not ResultStatus.ERROR and not is_cut and not is_blind:
            return
        verb = "Only part of" if is_cut else "No"
        message = result.message or "it has no series of these resources"
        resource = self.case.symptoms[0].resource
        self.gaps[what] = Finding(
            agent=self.agent,
            feature=f"gap_{what.replace(' ', '_')}",
            resource=resource,
            presence=Presence.UNKNOWN,
            kind=result.provenance.kind,
            claim=f"{verb} {what} from {result.provenance.source or 'any source'}: {message}.",
            provenance=result.provenance,
        )


def earliest_symptom(case: Case) -> datetime:
    """Return when the first symptom began."""
    return min(symptom.started_at for symptom in case.symptoms)


def complains_of_errors(case: Case) -> bool:
    """Whether errors alone are complained of: what is only late explains them by time limits only."""
    return all(symptom.semantic is Semantic.ERROR_RATIO for symptom in case.symptoms)


def unknown(
    reader: Reader, feature: str, resource: ResourceRef, kind: TelemetryKind,
    result: QueryResult[T],
) -> Finding:  # fmt: skip
    """Return the finding that a question could not be answered."""
    return Finding(
        agent=reader.agent,
        feature=feature,
        resource=resource,
        presence=Presence.UNKNOWN,
        kind=kind,
        claim=f"Could not look for {feature.replace('_', ' ')} on {resource.name}: {result.message}.",
        provenance=result.provenance,
    )
