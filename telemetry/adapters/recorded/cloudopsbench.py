"""LLM4Ops/Cloud-OpsBench: captured answers of kubectl-like tools, logs, sometimes metrics."""

import json
import lzma
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from telemetry.adapters.memory import MemoryData
from telemetry.adapters.recorded.recording import Recording, RecordingError
from telemetry.types import (
    AlertFiring,
    ClusterEvent,
    ClusterObject,
    ClusterState,
    LogLine,
    NodeState,
    PodState,
    ResourceKind,
    ResourceRef,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
    WorkloadState,
    service,
)

Answers = dict[tuple[str, str, str], str]
POD = re.compile(r"^(.*?)-[0-9a-z]{6,10}-[a-z0-9]{5}$|^(.*)-\d+$")
EVENT = re.compile(r"^\s+(Normal|Warning)\s+(\S+)\s+(?:\S+ \(x\d+ over \S+\)|\S+)\s+(\S+)\s+(.*)$")
LEVEL = re.compile(r"\b(trace|debug|info|warn(?:ing)?|error|fatal|panic|exception)\b", re.I)


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
        raw = path.read_bytes()
        found = json.loads(lzma.decompress(raw) if path.suffix == ".xz" else raw)
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise RecordingError(f"{path.name} cannot be read ({error}).") from error
    if not isinstance(found, dict):
        raise RecordingError(f"{path.name} is not an object.")
    return found


def load(path: Path) -> Recording:
    """Load one case: the state of the cluster as it was captured, and its logs."""
    case = _read(path)
    at = datetime.fromisoformat(str(case["collection_timestamp"])).replace(tzinfo=UTC)
    answers = _answers(case["tool_cache"])
    pods = _pods(answers)
    workloads = _workloads(answers)
    graph = _graph(case["tool_cache"], workloads)
    called = {e.callee for e in graph.edges}
    roots = [r for r in graph.resources if r not in called and graph.callees(r)]
    resource = max(
        roots, key=lambda r: len(graph.callees(r)), default=service(str(case["namespace"]))
    )
    summary = str(case.get("query", "")) or "Service disruption"
    started = at - timedelta(minutes=5)
    alert = AlertFiring("Disruption", resource, summary, started, "critical")
    state = ClusterState(
        pods=tuple(pods), workloads=tuple(workloads), nodes=tuple(_nodes(answers, case["tool_cache"])),
        events=tuple(_events(answers, at)), objects=tuple(_objects(answers)),
    )  # fmt: skip
    data = MemoryData(name=f"cloud-opsbench {case.get('id', path.name)}", cluster=state, graph=graph,
                      logs=_logs(case.get("recent_logs"), at), alerts=[alert])  # fmt: skip
    window = TimeWindow(at - timedelta(minutes=30), at + timedelta(seconds=1))
    return Recording("cloud-opsbench", summary, data, alert, window,
                     TimeWindow(window.start - timedelta(minutes=30), window.start))  # fmt: skip


def _answers(cache: object) -> Answers:
    """Return answers by (tool, resource type, name)."""
    found: Answers = {}
    for key, value in cache.items() if isinstance(cache, dict) else ():
        tool, _, arguments = str(key).partition(":")
        given = json.loads(arguments or "{}")
        name = given.get("name") or given.get("service_name") or given.get("app_name") or ""
        found[tool, str(given.get("resource_type", "")), str(name)] = str(value)
    return found


def _table(text: str) -> list[dict[str, str]]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return []
    heads = re.split(r"\s{2,}", lines[0].strip())
    return [dict(zip(heads, re.split(r"\s{2,}", line.strip()), strict=False)) for line in lines[1:]]


def owner(pod: str) -> str:
    """Return the workload of a pod by its name."""
    match = POD.match(pod)
    return (match[1] or match[2]) if match else pod


def _pods(answers: Answers) -> list[PodState]:
    found = []
    for row in _table(answers.get(("GetResources", "pods", ""), "")):
        name = row.get("NAME", "")
        detail = answers.get(("DescribeResource", "pods", name), "")
        ready, _, total = row.get("READY", "0/1").partition("/")
        restarts = re.match(r"\d+", row.get("RESTARTS", "0"))
        last = re.search(
            r"Last State:\s+Terminated\s+Reason:\s+(\S+)(?:\s+Exit Code:\s+(\d+))?", detail
        )
        node = re.search(r"^Node:\s+([^/\s]+)", detail, re.M)
        status = row.get("STATUS", "")
        found.append(
            PodState(
                name=name, workload=owner(name), namespace="", node=node[1] if node else "",
                phase=status, ready=ready == total and status == "Running",
                restarts=int(restarts[0]) if restarts else 0,
                reason="" if status in {"Running", "Completed"} else status,
                last_termination=last[1] if last else "",
                exit_code=int(last[2]) if last and last[2] else None,
            )
        )  # fmt: skip
    return found


def _workloads(answers: Answers) -> list[WorkloadState]:
    found = []
    for kind, word in (("deployments", "Deployment"), ("statefulsets", "StatefulSet")):
        for row in _table(answers.get(("GetResources", kind, ""), "")):
            ready, _, wanted = row.get("READY", "0/0").partition("/")
            detail = answers.get(("DescribeResource", kind, row["NAME"]), "")
            conditions = tuple(re.findall(r"^\s+(\w+)\s+(?:True|False)\s+(\w+)", detail, re.M))
            found.append(
                WorkloadState(service(row["NAME"]), word, int(wanted or 0), int(ready or 0),
                              conditions=tuple(f"{a} {b}" for a, b in conditions))
            )  # fmt: skip
    return found


def _events(answers: Answers, at: datetime) -> list[ClusterEvent]:
    found = []
    for (tool, kind, name), text in answers.items():
        if tool != "DescribeResource" or "Events:" not in text:
            continue
        is_node = kind == "nodes"
        plain = service(owner(name) if kind == "pods" else name)
        ref = ResourceRef(ResourceKind.NODE, name) if is_node else plain
        for line in text.rpartition("Events:")[2].splitlines():
            match = EVENT.match(line)
            if match:
                found.append(ClusterEvent(at - timedelta(seconds=30), ref, match[2], match[4].strip(),
                                          match[1] == "Warning"))  # fmt: skip
    return found


def _nodes(answers: Answers, cache: object) -> list[NodeState]:
    down: dict[str, list[str]] = {}
    for key, value in cache.items() if isinstance(cache, dict) else ():
        if str(key).startswith("CheckNodeServiceStatus:"):
            given = json.loads(str(key).partition(":")[2])
            if "Active: active" not in str(value):
                down.setdefault(str(given.get("node_name")), []).append(
                    str(given.get("service_name"))
                )
    found = []
    for row in _table(answers.get(("GetResources", "nodes", ""), "")):
        name, status = row.get("NAME", ""), row.get("STATUS", "")
        detail = answers.get(("DescribeResource", "nodes", name), "")
        pressure = re.findall(r"^\s+(\w+Pressure|NetworkUnavailable)\s+True", detail, re.M)
        found.append(NodeState(name, status.startswith("Ready"), tuple(pressure),
                               "SchedulingDisabled" in status, tuple(down.get(name, ()))))  # fmt: skip
    return found


def _objects(answers: Answers) -> list[ClusterObject]:
    return [
        ClusterObject("AppYAML", name, "", text)
        for (tool, _, name), text in answers.items()
        if tool == "GetAppYAML"
    ]


def _graph(cache: object, workloads: list[WorkloadState]) -> TopologyGraph:
    edges = set()
    names = {w.resource.name for w in workloads}
    for key, value in cache.items() if isinstance(cache, dict) else ():
        if not str(key).startswith("GetServiceDependencies:"):
            continue
        caller = json.loads(str(key).partition(":")[2]).get("service_name", "")
        below = str(value).partition("[Downstream")[2]
        edges |= {(caller, n) for n in re.findall(r"[\w-]+", below) if n in names and n != caller}
        above = re.search(r"\[Upstream[^\]]*\]:\s*(.*)", str(value))
        if above:
            edges |= {(n, caller) for n in re.findall(r"[\w-]+", above[1]) if n in names}
    found = tuple(TopologyEdge(service(a), service(b), "declared") for a, b in sorted(edges))
    return TopologyGraph(tuple(w.resource for w in workloads), found)


def _logs(recent: object, at: datetime) -> list[LogLine] | None:
    found = []
    for name, lines in recent.items() if isinstance(recent, dict) else ():
        rows = lines if isinstance(lines, list) else str(lines).splitlines()
        for line in rows:
            level = LEVEL.search(str(line)[:200])
            word = level[1].lower() if level else "info"
            severity = {"panic": "fatal", "exception": "error"}.get(word, word)
            found.append(LogLine(at - timedelta(seconds=20), service(owner(str(name))), severity,
                                 str(line)[:600]))  # fmt: skip
    return found or None
