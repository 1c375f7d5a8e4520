"""The part of the Prometheus HTTP API that is used, with what it knows kept for a minute."""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import numpy as np

from telemetry.adapters.prometheus.mapping import (
    BoundRule,
    Known,
    MappingRule,
    bind,
    wanted_metrics,
)
from telemetry.errors import QueryRejected
from telemetry.http import JsonServer
from telemetry.types import FloatArray, TimeWindow

KEPT_SECONDS = 60.0
MAX_SERIES = 5000
PARALLEL = 6
T = TypeVar("T")
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """One series of an answer."""

    labels: Labels
    times: FloatArray
    values: FloatArray


@dataclass(frozen=True, slots=True)
class Answer:
    """What a range query gave; ``cut`` series were over the cap."""

    series: tuple[Matrix, ...]
    cut: int = 0


def known_part(window: TimeWindow) -> TimeWindow:
    """Return the window up to now: of the future a server would tell what it makes up."""
    now = datetime.now(UTC)
    if window.end <= now:
        return window
    return TimeWindow(window.start, max(now, window.start + timedelta(seconds=1)))


class PrometheusApi:
    """Questions to one server. Safe for threads."""

    def __init__(self, server: JsonServer, rules: Sequence[MappingRule]) -> None:
        self.server = server
        self.rules = tuple(rules)
        self._kept: dict[str, tuple[float, object]] = {}
        self._lock = threading.Lock()

    def range(self, expression: str, window: TimeWindow, step_seconds: float) -> Answer:
        """Evaluate PromQL at each step of a window."""
        window = known_part(window)
        found = self._ask(
            "/api/v1/query_range",
            {
                "query": expression, "start": f"{math.ceil(window.start.timestamp() * 1000) / 1000:.3f}",
                "end": f"{window.end.timestamp() - 0.001:.3f}", "step": f"{step_seconds:g}",
                "timeout": f"{self.server.deadline_seconds:g}s",
            },
        )  # fmt: skip
        rows = _rows(found, "matrix")
        series = tuple(_matrix(row) for row in rows[:MAX_SERIES])
        return Answer(series, max(0, len(rows) - MAX_SERIES))

    def instant(self, expression: str, at: float) -> list[tuple[Labels, float]]:
        """Evaluate PromQL at one moment, in Unix seconds."""
        found = self._ask("/api/v1/query", {"query": expression, "time": f"{at:.3f}"})
        rows = _rows(found, "vector")[:MAX_SERIES]
        return [(row["metric"], _number(row["value"][1])) for row in rows]

    def metric_names(self, window: TimeWindow) -> frozenset[str]:
        """Return the names of all metrics in the window."""
        return frozenset(self._texts("/api/v1/label/__name__/values", {**_span(window)}))

    def label_names(self, metric: str, window: TimeWindow) -> frozenset[str]:
        """Return the labels that a metric has in the window."""
        return frozenset(self._texts("/api/v1/labels", {"match[]": metric, **_span(window)}))

    def bound_rules(self, window: TimeWindow) -> list[BoundRule]:
        """Return the mapping rules that apply to what the server has; kept for a minute."""
        return self._keep("rules", lambda: self._bind(window))

    def _bind(self, window: TimeWindow) -> list[BoundRule]:
        present = self.metric_names(window)
        metrics = wanted_metrics(self.rules, present)
        with ThreadPoolExecutor(PARALLEL) as pool:
            labels = pool.map(lambda metric: self.label_names(metric, window), metrics)
        return bind(self.rules, Known(present, dict(zip(metrics, labels, strict=True))))

    def _keep(self, key: str, make: Callable[[], T]) -> T:
        with self._lock:
            known = self._kept.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]  # type: ignore[return-value]  # one key holds one type
        made = make()
        if made:
            with self._lock:
                self._kept[key] = (time.monotonic() + KEPT_SECONDS, made)
        return made

    def _texts(self, path: str, query: Mapping[str, object]) -> list[str]:
        found = self._ask(path, query, by_get=True)
        if not isinstance(found, list):
            raise QueryRejected(f"{self.server.name} answered {path} with no list")
        return [str(item) for item in found]

    def _ask(self, path: str, query: Mapping[str, object], *, by_get: bool = False) -> Any:
        answer = self.server.get(path, query) if by_get else self.server.post_form(path, query)
        if not isinstance(answer, dict) or answer.get("status") != "success":
            raise QueryRejected(f"{self.server.name} answered {path} with no success")
        return answer.get("data")


def _span(window: TimeWindow) -> dict[str, str]:
    return {"start": f"{window.start.timestamp():.0f}", "end": f"{window.end.timestamp():.0f}"}


def _rows(data: Any, kind: str) -> list[Any]:
    if not isinstance(data, dict) or data.get("resultType") != kind:
        raise QueryRejected(f"the answer is no {kind}")
    rows = data.get("result")
    if not isinstance(rows, list):
        raise QueryRejected(f"the answer's {kind} is no list")
    return rows


def _matrix(row: Any) -> Matrix:
    try:
        times = np.array([sample[0] for sample in row["values"]], dtype=np.float64)
        values = np.array([sample[1] for sample in row["values"]], dtype=np.float64)
        return Matrix(dict(row["metric"]), times, np.where(np.isinf(values), np.nan, values))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise QueryRejected("a series of the answer is not readable") from error


def _number(text: object) -> float:
    try:
        return float(str(text))
    except ValueError as error:
        raise QueryRejected("a sample of the answer is no number") from error
