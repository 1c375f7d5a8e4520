"""Metrics, edges and topology from a server with the Prometheus HTTP API."""

import time
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from telemetry.adapters.prometheus.api import PARALLEL, Answer, PrometheusApi, known_part
from telemetry.adapters.prometheus.mapping import BoundRule, selector, unit_of
from telemetry.errors import TelemetryError
from telemetry.results import Provenance, QueryResult, ResultStatus
from telemetry.types import (
    ResourceKind,
    ResourceRef,
    Semantic,
    Series,
    SeriesRef,
    TelemetryKind,
    TimeWindow,
)

SCRAPES_PER_RATE = 4
RAW_LABELS = ("service", "service_name", "app")
MAX_RAW = 400
COUNTERS = ("_total", "_count", "_sum")


@dataclass(frozen=True, slots=True)
class PrometheusOptions:
    """How a server is read.

    Attributes:
        namespaces: Kubernetes namespaces to keep to, where series have them; none means all.
        scrape_seconds: Seconds between scrapes; rates span four of them, or a step if longer.
        page_url: Address under which people open the server, for links.
        databases: Names of services that are databases, beyond those the service graph knows.
    """

    namespaces: tuple[str, ...] = ()
    scrape_seconds: float = 15.0
    page_url: str = ""
    databases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """The answer to one expression."""

    bound: BoundRule | None
    expression: str
    answer: Answer
    name: str = ""
    by: str = ""


class PrometheusMetrics:
    """Time series by meaning (through the mapping) or under their own names (summed by resource)."""

    name = "prometheus"

    def __init__(self, api: PrometheusApi, options: PrometheusOptions) -> None:
        self._api = api
        self._options = options

    def catalogue(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[SeriesRef, ...]]:
        """List the mapped series of the resources, and the others by name."""
        began = time.monotonic()
        mapped = self._read_rules(
            self._api.bound_rules(window), resources, window, window.duration.total_seconds()
        )
        known = {part.bound.rule.metric for part in mapped.parts if part.bound}
        refs = [series.ref for series in mapped.series]
        raw, text = self._raw_names(resources, window, known)
        refs += raw[:MAX_RAW]
        query = "\n".join([*(part.expression for part in mapped.parts), text])
        cut = mapped.cut + max(0, len(raw) - MAX_RAW)
        return self._result(tuple(refs), query, window, began, cut, mapped.failed)

    def read(
        self, refs: Sequence[SeriesRef], window: TimeWindow, *, step_seconds: float
    ) -> QueryResult[tuple[Series, ...]]:
        """Read series of the catalogue: mapped ones by their rule, others by name and resource."""
        began = time.monotonic()
        rules = {bound.rule.name: bound for bound in self._api.bound_rules(window)}
        names = {ref.name for ref in refs}
        resources = sorted({ref.resource for ref in refs})
        mapped = self._read_rules(
            [rules[name] for name in sorted(names & set(rules))], resources, window, step_seconds
        )
        raw = self._read_raw([ref for ref in refs if ref.name not in rules], window, step_seconds)
        wanted = {(ref.resource, ref.peer, ref.name) for ref in refs}
        found = tuple(
            series for series in (*mapped.series, *raw.series)
            if (series.ref.resource, series.ref.peer, series.ref.name) in wanted
        )  # fmt: skip
        query = "\n".join(part.expression for part in (*mapped.parts, *raw.parts))
        return self._result(
            found, query, window, began, mapped.cut + raw.cut, mapped.failed + raw.failed
        )

    def read_semantic(
        self,
        resources: Sequence[ResourceRef],
        semantics: Sequence[Semantic],
        window: TimeWindow,
        *,
        step_seconds: float,
        by_pod: bool = False,
    ) -> QueryResult[tuple[Series, ...]]:
        """Read every mapped series of these meanings of these resources."""
        began = time.monotonic()
        rules = [b for b in self._api.bound_rules(window) if b.rule.semantic in set(semantics)]
        if by_pod:
            rules = [b for b in rules if b.has_pod and not b.rule.peer]
        found = self._read_rules(rules, resources, window, step_seconds, by_pod=by_pod)
        query = "\n".join(part.expression for part in found.parts)
        return self._result(found.series, query, window, began, found.cut, found.failed)

    def _read_rules(
        self, rules: Sequence[BoundRule], resources: Sequence[ResourceRef], window: TimeWindow,
        step_seconds: float, *, by_pod: bool = False,
    ) -> "_Read":  # fmt: skip
        names = [r.name for r in resources]
        span = self._span(step_seconds)
        jobs = [
            (bound, bound.expression(
                names, namespaces=self._options.namespaces, range_seconds=span, by_pod=by_pod))
            for bound in rules
        ]  # fmt: skip
        parts, failed = self._ask_all(
            [_Part(bound, text, Answer(()), bound.rule.name, bound.result_label)
             for bound, text in jobs],
            window, step_seconds,
        )  # fmt: skip
        known = {r.name: r for r in resources}
        return _Read(tuple(parts), tuple(self._series(parts, known)), tuple(failed))

    def _read_raw(
        self, refs: Sequence[SeriesRef], window: TimeWindow, step_seconds: float
    ) -> "_Read":
        jobs: dict[tuple[str, str], list[str]] = {}
        for ref in refs:
            label = dict(ref.labels).get("by", RAW_LABELS[0])
            jobs.setdefault((ref.name, label), []).append(ref.resource.name)
        parts = [
            _Part(None, self._raw_expression(name, label, names, step_seconds), Answer(()),
                  name, label)
            for (name, label), names in jobs.items()
        ]  # fmt: skip
        parts, failed = self._ask_all(parts, window, step_seconds)
        known = {ref.resource.name: ref.resource for ref in refs}
        return _Read(tuple(parts), tuple(self._series(parts, known)), tuple(failed))

    def _raw_expression(
        self, name: str, label: str, names: Sequence[str], step_seconds: float
    ) -> str:
        match = f"{name}{{{selector(label, names)}}}"
        if name.endswith(COUNTERS):
            return f"sum by ({label}) (rate({match}[{self._span(step_seconds):.0f}s]))"
        return f"avg by ({label}) ({match})"

    def _raw_names(
        self, resources: Sequence[ResourceRef], window: TimeWindow, known: set[str]
    ) -> tuple[list[SeriesRef], str]:
        names = [r.name for r in resources]
        span = f"{max(60, window.duration.total_seconds()):.0f}s"
        texts, found = [], []
        kinds = {r.name: r for r in resources}
        for label in RAW_LABELS:
            match = selector(label, names, namespaces=())
            text = f"group by (__name__, {label}) (last_over_time({{{match}}}[{span}]))"
            texts.append(text)
            for labels, _ in self._api.instant(text, known_part(window).end.timestamp()):
                name = labels.get("__name__", "")
                if name and name not in known and not name.endswith("_bucket"):
                    resource = self._resource(labels.get(label, ""), kinds, ResourceKind.SERVICE)
                    found.append(SeriesRef(resource, name, unit=unit_of(name),
                                           labels=(("by", label),)))  # fmt: skip
        return sorted(found, key=lambda ref: (ref.resource, ref.name)), "\n".join(texts)

    def _ask_all(
        self, parts: Sequence[_Part], window: TimeWindow, step_seconds: float
    ) -> tuple[list[_Part], list[str]]:
        def ask(part: _Part) -> _Part | str:
            try:
                answer = self._api.range(part.expression, window, step_seconds)
            except TelemetryError as error:
                if len(parts) == 1:
                    raise
                return f"{part.name}: {error}"
            return _Part(part.bound, part.expression, answer, part.name, part.by)

        if not parts:
            return [], []
        with ThreadPoolExecutor(PARALLEL) as pool:
            answers = list(pool.map(ask, parts))
        good = [a for a in answers if isinstance(a, _Part)]
        failed = [a for a in answers if isinstance(a, str)]
        if not good:
            # Each failed: raise as one, by asking the first again for its own error.
            self._api.range(parts[0].expression, window, step_seconds)
        return good, failed

    def _series(self, parts: Iterable[_Part], known: dict[str, ResourceRef]) -> Iterable[Series]:
        for part in parts:
            rule = part.bound.rule if part.bound else None
            for row in part.answer.series:
                name = row.labels.get(part.by, "")
                if not name or (known and name not in known) or not len(row.times):
                    continue
                kind = rule.kind if rule else ResourceKind.SERVICE
                peer = row.labels.get(rule.peer, "") if rule and rule.peer else ""
                ref = SeriesRef(
                    resource=self._resource(name, known, kind),
                    name=part.name,
                    semantic=rule.semantic if rule else None,
                    peer=self._resource(peer, known, ResourceKind.SERVICE) if peer else None,
                    unit=unit_of(rule.semantic.value if rule else part.name),
                    labels=_labels_of(row.labels, part),
                    query=part.expression,
                )
                yield Series(ref, row.times, row.values)

    def _resource(
        self, name: str, known: dict[str, ResourceRef], kind: ResourceKind
    ) -> ResourceRef:
        if name in known:
            return known[name]
        is_database = name in self._options.databases
        return ResourceRef(ResourceKind.DATABASE if is_database else kind, name)

    def _span(self, step_seconds: float) -> float:
        return max(step_seconds, SCRAPES_PER_RATE * self._options.scrape_seconds)

    def _result(
        self, data: tuple[object, ...], query: str, window: TimeWindow, began: float, cut: int,
        failed: Sequence[str],
    ) -> QueryResult:  # type: ignore[type-arg]  # fmt: skip
        status = ResultStatus.OK if data else ResultStatus.NO_DATA
        if cut or failed:
            status = ResultStatus.PARTIAL
        provenance = Provenance(
            source=self.name, kind=TelemetryKind.METRIC, query=query or "(no series is mapped)",
            window=window, fetched_at=datetime.now(UTC),
            duration_seconds=time.monotonic() - began, truncated_count=cut,
            link=page_link(self._options.page_url, query.partition("\n")[0], window),
        )  # fmt: skip
        return QueryResult(status, data, provenance, "; ".join(failed)[:300])


def _labels_of(row: Mapping[str, str], part: _Part) -> tuple[tuple[str, str], ...]:
    """Return what tells a series from others of its name: its pod, or what it was summed by."""
    if part.bound is None:
        return (("by", part.by),)
    return (("pod", row["pod"]),) if row.get("pod") and part.by != "pod" else ()


@dataclass(frozen=True, slots=True)
class _Read:
    parts: tuple[_Part, ...]
    series: tuple[Series, ...]
    failed: tuple[str, ...] = ()

    @property
    def cut(self) -> int:
        return sum(part.answer.cut for part in self.parts)


def page_link(page_url: str, expression: str, window: TimeWindow) -> str:
    """Return the address of the server's own page that shows the expression, or nothing."""
    if not page_url:
        return ""
    query = {
        "g0.expr": expression, "g0.tab": "0",
        "g0.range_input": f"{window.duration.total_seconds():.0f}s",
        "g0.end_input": window.end.strftime("%Y-%m-%d %H:%M:%S"),
    }  # fmt: skip
    return f"{page_url.rstrip('/')}/graph?{urllib.parse.urlencode(query)}"
