"""Pod logs through the API server, the previous container's too where one has ended."""

import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from telemetry.adapters.kubernetes.api import KubernetesApi
from telemetry.adapters.kubernetes.parsing import moment, owners_of_sets, pod_state
from telemetry.adapters.kubernetes.state import NAME, NAMESPACED
from telemetry.errors import QueryRejected, TelemetryError
from telemetry.results import Provenance, QueryResult, ResultStatus
from telemetry.types import LogLine, PodState, ResourceRef, TelemetryKind, TimeWindow, service

PARALLEL = 6
MAX_PODS = 60
BYTES_PER_POD = 1_000_000
LEVELS = ("trace", "debug", "info", "warning", "error")
# The level as most loggers write it: a word of its own near the beginning, or a JSON field.
_LEVEL = re.compile(
    r"(?i)(?:\"(?:level|severity|lvl)\"\s*:\s*\"|\blevel=|\b)"
    r"(trace|debug|info|notice|warn(?:ing)?|err(?:or)?|fatal|critical|panic)\b"
)
_KLOG = re.compile(r"^([IWEF])\d{4} ")
_SERIOUS = {"err": "error", "error": "error", "fatal": "error", "critical": "error",
            "panic": "error", "warn": "warning", "warning": "warning", "notice": "info"}  # fmt: skip


def severity_of(text: str) -> str:
    """Return the level that a line states, ``info`` when it states none."""
    if found := _KLOG.match(text):
        return {"I": "info", "W": "warning"}.get(found[1], "error")
    if text.startswith(("Traceback ", "panic:", "fatal error:", "Exception in thread")):
        return "error"
    found = _LEVEL.search(text[:200])
    word = found[1].lower() if found else "info"
    return _SERIOUS.get(word, word)


@dataclass(frozen=True, slots=True)
class _Job:
    pod: PodState
    is_previous: bool


class KubernetesLogs:
    """Lines of the pods that are there now; those of pods that are gone are gone."""

    name = NAME

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def lines(
        self,
        resources: Sequence[ResourceRef],
        window: TimeWindow,
        *,
        limit: int = 2000,
        min_severity: str = "",
    ) -> QueryResult[tuple[LogLine, ...]]:
        """Return lines of the resources' pods; see :class:`telemetry.ports.LogSource`."""
        began = time.monotonic()
        pods = self._pods({r.name for r in resources})
        jobs = [_Job(p, is_previous=False) for p in pods[:MAX_PODS]]
        jobs += [_Job(p, is_previous=True) for p in pods[:MAX_PODS] if p.restarts]
        with ThreadPoolExecutor(PARALLEL) as pool:
            answers = list(pool.map(lambda job: self._read(job, window), jobs))
        failed = sorted({str(a) for a in answers if isinstance(a, TelemetryError)})
        found = [line for a in answers if isinstance(a, list) for line in a]
        least = LEVELS.index(min_severity) if min_severity in LEVELS else 0
        kept = sorted(
            (x for x in found if x.severity in LEVELS[least:]), key=lambda x: (x.at, x.pod)
        )
        cut = max(0, len(kept) - limit)
        if cut:
            kept = [kept[round(i * (len(kept) - 1) / max(1, limit - 1))] for i in range(limit)]
        if failed and not any(isinstance(a, list) for a in answers):
            raise next(a for a in answers if isinstance(a, TelemetryError))
        scope = ",".join(sorted({r.name for r in resources})) or "all workloads"
        namespaces = ",".join(self._api.access.namespaces)
        source = Provenance(
            source=NAME, kind=TelemetryKind.LOG, window=window,
            query=f"GET pods/log of {scope} in namespaces {namespaces}"
                  + (f", {min_severity} or worse" if min_severity else ""),
            fetched_at=datetime.now(UTC), duration_seconds=time.monotonic() - began,
            truncated_count=cut + max(0, len(pods) - MAX_PODS),
        )  # fmt: skip
        status = ResultStatus.OK if kept else ResultStatus.NO_DATA
        if failed or source.truncated_count:
            status = ResultStatus.PARTIAL
        return QueryResult(status, tuple(kept), source, "; ".join(failed)[:300])

    def _pods(self, names: set[str]) -> list[PodState]:
        found: list[PodState] = []
        for namespace in self._api.access.namespaces:
            sets = owners_of_sets(self._api.list(NAMESPACED["replicasets"].format(namespace)).items)
            for item in self._api.list(NAMESPACED["pods"].format(namespace)).items:
                pod = pod_state(item, sets)
                if not names or pod.workload in names or pod.name in names:
                    found.append(pod)
        return found

    def _read(self, job: _Job, window: TimeWindow) -> list[LogLine] | TelemetryError:
        pod = job.pod
        query = {"timestamps": "true", "sinceTime": window.start.strftime("%Y-%m-%dT%H:%M:%SZ"),
                 "limitBytes": str(BYTES_PER_POD)}  # fmt: skip
        if job.is_previous:
            query["previous"] = "true"
        path = f"{NAMESPACED['pods'].format(pod.namespace)}/{pod.name}/log"
        try:
            text = self._api.text(path, query)
        except QueryRejected:
            return []  # The container has not started, or the pod went meanwhile: it has no lines.
        except TelemetryError as error:
            return error
        return list(_lines(text, pod, window))


def _lines(text: str, pod: PodState, window: TimeWindow) -> list[LogLine]:
    found = []
    for row in text.splitlines():
        stamp, _, body = row.partition(" ")
        at = moment(_micro(stamp))
        if at is not None and window.contains(at):
            found.append(LogLine(at, service(pod.workload), severity_of(body), body, pod=pod.name))
    return found


def _micro(stamp: str) -> str:
    """Cut nanoseconds to what Python reads."""
    return re.sub(r"(\.\d{6})\d+", r"\1", stamp)
