"""LLM4Ops/Cloud-OpsBench: captured answers of kubectl-like tools, logs, sometimes metrics."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.captured import Captured
from telemetry.adapters.recorded.cloudopsbench_signals import (
    alerts_of,
    logs_of,
    refusals_of,
    series_of,
)
from telemetry.adapters.recorded.files import load_json
from telemetry.adapters.recorded.kubectl_state import state_of
from telemetry.adapters.recorded.recording import Recording, RecordingError
from telemetry.addresses import pointers
from telemetry.cluster import ServiceState
from telemetry.types import (
    AlertFiring,
    ClusterState,
    ResourceKind,
    ResourceRef,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
    service,
)

LOOKBACK = timedelta(minutes=30)
USUAL_AGE = timedelta(minutes=5)
DIRECT = re.compile(r"^[├└]──\s*([\w.-]+)", re.M)


def is_it(path: Path) -> bool:
    """A packed or plain JSON file with a cache of tool answers."""
    if not path.is_file() or not path.name.endswith((".json", ".json.xz")):
        return False
    try:
        return "tool_cache" in _read(path)
    except (RecordingError, ValueError):
        return False


def _read(path: Path) -> dict[str, object]:
    try:
        found = load_json(path)
    except (OSError, EOFError, ValueError) as error:
        raise RecordingError(f"{path.name} cannot be read ({error}).") from error
    if not isinstance(found, dict):
        raise RecordingError(f"{path.name} is not an object.")
    return found


def load(path: Path) -> Recording:
    """Load one case: the state of the cluster as it was captured, its logs, alerts and metrics.

    What is reported names no service, so the symptom is the namespace's. It began with the first
    alert that says when, else five minutes before the capture; what is older is the baseline.

    Raises:
        RecordingError: The file cannot be read, or names no time or no answers.
    """
    case = _read(path)
    cache = case.get("tool_cache")
    try:
        at = datetime.fromisoformat(str(case.get("collection_timestamp"))).replace(tzinfo=UTC)
    except ValueError as error:
        raise RecordingError(f"{path.name} says no time of capture.") from error
    if not isinstance(cache, dict):
        raise RecordingError(f"{path.name} holds no answers.")
    captured = Captured(cache, str(case.get("namespace", "")))
    state = state_of(captured, at)
    graph = _graph(captured, state)
    alerts = alerts_of(captured.raw.get(("GetAlerts", "")), state)
    began = min((a.starts_at for a in alerts if a.starts_at < at), default=at - USUAL_AGE)
    summary = str(case.get("query", "")) or "Service disruption"
    whole = ResourceRef(ResourceKind.NAMESPACE, captured.namespace)
    alert = AlertFiring("Disruption", whole, summary, began, "critical")
    series = series_of(case.get("metrics_csv"), state, alerts)
    ends = [float(s.times[-1]) for s in series if len(s.times)]
    fixed = [datetime.fromisoformat(a.labels["ends_at"]) for a in alerts if a.labels.get("ends_at")]
    first = min((float(s.times[0]) for s in series if len(s.times)), default=None)
    start = began - LOOKBACK if first is None else datetime.fromtimestamp(first, UTC)
    if first is None or start >= began:
        start, middle = at - 2 * LOOKBACK, at - LOOKBACK
    else:
        middle = began
    end = max(fixed) if fixed and ends else at
    data = MemoryData(
        name=f"cloud-opsbench {case.get('id', path.name)}", cluster=state, graph=graph,
        logs=logs_of(case.get("recent_logs"), captured.raw, min(end, at)) or None,
        series=series or None,
        alerts=[alert, *alerts, *refusals_of(captured.raw.get(("GetAlerts", "")), began)],
    )  # fmt: skip
    return Recording("cloud-opsbench", summary, data, alert,
                     TimeWindow(middle, end + timedelta(seconds=1)), TimeWindow(start, middle))  # fmt: skip


def _graph(captured: Captured, state: ClusterState) -> TopologyGraph:
    """Return who calls whom: as the recording says, and as the workloads' own settings say."""
    names = {w.resource.name for w in state.workloads}
    edges: dict[tuple[str, str], str] = {}
    for (tool, caller), answer in captured.raw.items():
        if tool != "GetServiceDependencies":
            continue
        below = str(answer).partition("[Downstream")[2]
        edges |= {(caller, n): "declared" for n in DIRECT.findall(below)}
        above = re.search(r"\[Upstream[^\]]*\]:\s*(.*)", str(answer))
        edges |= {
            (n, caller): "declared" for n in re.findall(r"[\w.-]+", above[1] if above else "")
        }
    for caller, callee in _configured(state):
        edges.setdefault((caller, callee), "settings")
    found = tuple(
        TopologyEdge(service(a), service(b), source)
        for (a, b), source in sorted(edges.items()) if {a, b} <= names and a != b
    )  # fmt: skip
    placed = tuple(
        (service(p.workload), ResourceRef(ResourceKind.NODE, p.node)) for p in state.pods if p.node
    )
    return TopologyGraph(
        tuple(w.resource for w in state.workloads), found, tuple(sorted(set(placed)))
    )


def _configured(state: ClusterState) -> Iterator[tuple[str, str]]:
    services = {s.name: s for s in state.details.services}
    for workload in state.workloads:
        for container in workload.template.containers if workload.template else ():
            for pointer in pointers(container.env):
                if pointer.name in services:
                    for name in backing(services[pointer.name], state):
                        yield workload.resource.name, name


def backing(of: ServiceState, state: ClusterState) -> list[str]:
    """Return the workloads that a Service selects."""
    wanted = set(of.selector)
    by_pod = {p.workload for p in state.pods if wanted and wanted <= set(p.labels)}
    by_template = {
        w.resource.name for w in state.workloads
        if wanted and w.template and wanted <= set(w.template.labels)
    }  # fmt: skip
    return sorted(by_pod | by_template) or [of.name]
