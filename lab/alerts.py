"""Alert rules over what is measured, and the Alertmanager payloads they send."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from lab.model import NAMESPACE

if TYPE_CHECKING:
    from lab.world import LabWorld

BASELINE_STEPS = 300
WATCHED = frozenset({"storefront", "checkout", "payments", "orders", "search", "cart", "users"})


@dataclass(frozen=True, slots=True)
class Firing:
    """One firing of a rule: from a step, to a step if it is over."""

    rule: str
    service: str
    severity: str
    metric: str
    summary: str
    value: float
    start: int
    end: int | None


def _runs(breached: np.ndarray, hold: int) -> list[tuple[int, int | None]]:
    """Return (first row after the hold, row where it ended or None) of each lasting breach."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], breached.astype(np.int8), [0]])))
    runs: list[tuple[int, int | None]] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start >= hold:
            is_over = end < len(breached)
            runs.append((int(start) + hold - 1, int(end) if is_over else None))
    return runs


def _smooth(values: np.ndarray, width: int) -> np.ndarray:
    kernel = np.ones(width) / width
    padded = np.concatenate([np.full(width - 1, values[0]), values])
    return np.convolve(padded, kernel, mode="valid")


def evaluate(world: "LabWorld", *, since_step: int) -> list[Firing]:
    """Return every firing that began at or after a step, oldest first."""
    history = world.history
    count = history.count
    firings: list[Firing] = []
    for index, spec in enumerate(world.topology.specs):
        rows = {name: table[:count, index] for name, table in history.service_rows.items()}
        if spec.name in WATCHED:
            firings += _latency(spec.name, rows, history.first)
            firings += _errors(spec.name, rows, history.first)
        if spec.kind != "external":
            firings += _platform(spec.name, rows, history.first)
    return sorted((f for f in firings if f.start >= since_step), key=lambda f: f.start)


def _latency(name: str, rows: dict[str, np.ndarray], first: int) -> list[Firing]:
    values = _smooth(rows["latency_p99_seconds"], 5)
    base = float(np.median(values[:BASELINE_STEPS]))
    breached = values > max(2.2 * base, base + 0.05)
    found = []
    for start, end in _runs(breached, 7):
        value = float(values[start])
        summary = f"{name} p99 latency is {value:.2f} s, {value / base:.1f}x its baseline"
        found.append(
            Firing(
                "HighLatency",
                name,
                "critical",
                "latency_p99_seconds",
                summary,
                value,
                first + start,
                None if end is None else first + end + 5,
            )
        )
    return found  # fmt: skip


def _errors(name: str, rows: dict[str, np.ndarray], first: int) -> list[Firing]:
    values = _smooth(rows["error_ratio"], 5)
    found = []
    for start, end in _runs(values > 0.05, 5):
        value = float(values[start])
        summary = f"{name} fails {value:.0%} of its requests"
        found.append(
            Firing(
                "HighErrorRatio",
                name,
                "critical",
                "error_ratio",
                summary,
                value,
                first + start,
                None if end is None else first + end + 5,
            )
        )
    return found  # fmt: skip


def _platform(name: str, rows: dict[str, np.ndarray], first: int) -> list[Firing]:
    found = []
    restarts = rows["restarts_total"]
    recent = restarts - np.concatenate([np.full(150, restarts[0]), restarts])[: len(restarts)]
    for start, end in _runs(recent >= 3, 1):
        summary = f"Pods of {name} restarted {recent[start]:.0f} times within 5 minutes"
        found.append(
            Firing(
                "PodRestarting",
                name,
                "warning",
                "restarts_total",
                summary,
                float(recent[start]),
                first + start,
                None if end is None else first + end,
            )
        )
    for start, end in _runs(rows["disk_used_ratio"] > 0.92, 3):
        summary = f"A volume of {name} is {rows['disk_used_ratio'][start]:.0%} full"
        found.append(
            Firing(
                "DiskAlmostFull",
                name,
                "warning",
                "disk_used_ratio",
                summary,
                float(rows["disk_used_ratio"][start]),
                first + start,
                None if end is None else first + end,
            )
        )
    return found  # fmt: skip


def payload(world: "LabWorld", firing: Firing) -> dict[str, object]:
    """Return the firing as one alert of Alertmanager's webhook format, version 4."""
    labels = {"alertname": firing.rule, "service": firing.service, "severity": firing.severity,
              "namespace": NAMESPACE, "metric": firing.metric}  # fmt: skip
    mark = hashlib.sha256(f"{world.seed}/{firing.rule}/{firing.service}".encode()).hexdigest()[:16]
    return {
        "status": "resolved" if firing.end is not None else "firing",
        "labels": labels,
        "annotations": {"summary": firing.summary, "value": f"{firing.value:.6g}"},
        "startsAt": _text(world.at(firing.start)),
        "endsAt": _text(world.at(firing.end)) if firing.end is not None else "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": mark,
    }


def envelope(alerts: list[dict[str, object]]) -> dict[str, object]:
    """Return a webhook delivery of some alerts."""
    status = "firing" if any(a["status"] == "firing" for a in alerts) else "resolved"
    return {
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": status,
        "receiver": "sre-workspace", "groupLabels": {}, "commonLabels": {},
        "commonAnnotations": {}, "externalURL": "", "alerts": alerts,
    }  # fmt: skip


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
