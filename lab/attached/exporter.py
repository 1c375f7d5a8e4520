"""The world as Prometheus series: counters that only grow, histograms, what exporters expose.

Names and labels are those of client libraries, cAdvisor, kube-state-metrics and the service graph
that tracing back ends derive from spans.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from lab.model import DATABASE_NAME, EXTERNAL_NAME, NAMESPACE, STEP_SECONDS, Floats
from lab.world import LabWorld

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)
# Quantiles of the normal distribution: between the median and the 99th percentile lie these.
Z99 = 2.3263
CFS_PERIODS_PER_SECOND = 10.0
Sample = tuple[str, dict[str, str], float]


def cumulative_shares(p50: float, p99: float) -> list[float]:
    """Return the share of requests at or below each bucket's bound, taken as log-normal."""
    middle = math.log(max(p50, 1e-5))
    spread = max((math.log(max(p99, p50 * 1.05, 2e-5)) - middle) / Z99, 0.02)
    return [
        1.0 if math.isinf(bound)
        else 0.5 * (1 + math.erf((math.log(bound) - middle) / (spread * math.sqrt(2))))
        for bound in BUCKETS
    ]  # fmt: skip


@dataclass
class Exporter:
    """Counts as the world goes on. ``catch_up`` must see each step once, in order."""

    world: LabWorld
    namespace: str = NAMESPACE
    _step: int = 0
    _requests: Floats = field(default_factory=lambda: np.zeros(0))
    _errors: Floats = field(default_factory=lambda: np.zeros(0))
    _buckets: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    _edge_requests: Floats = field(default_factory=lambda: np.zeros(0))
    _edge_errors: Floats = field(default_factory=lambda: np.zeros(0))
    _edge_buckets: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    _cpu: dict[str, float] = field(default_factory=dict)
    _throttled: dict[str, float] = field(default_factory=dict)
    _periods: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n, e = self.world.topology.size, len(self.world.topology.fan)
        self._requests, self._errors = np.zeros(n), np.zeros(n)
        self._edge_requests, self._edge_errors = np.zeros(e), np.zeros(e)
        self._buckets = np.zeros((n, len(BUCKETS)))
        self._edge_buckets = np.zeros((e, len(BUCKETS)))

    def catch_up(self) -> None:
        """Count the steps that the world has taken since the last call."""
        while self._step < self.world.step:
            self._count(self._step)
            self._step += 1

    def _count(self, step: int) -> None:
        history = self.world.history
        row = step - history.first
        service = {k: v[row].astype(float) for k, v in history.service_rows.items()}
        edge = {k: v[row].astype(float) for k, v in history.edge_rows.items()}
        for got, total, failed, buckets in (
            (service, self._requests, self._errors, self._buckets),
            (edge, self._edge_requests, self._edge_errors, self._edge_buckets),
        ):
            new = got["request_rate"] * STEP_SECONDS
            total += new
            failed += new * got["error_ratio"]
            shares = [cumulative_shares(a, b) for a, b in
                      zip(got["latency_p50_seconds"], got["latency_p99_seconds"], strict=True)]  # fmt: skip
            buckets += new[:, None] * np.array(shares)
        for index, spec in enumerate(self.world.topology.specs):
            workload = self.world.workloads[spec.name]
            limit = float(workload.config["cpu.limit_cores"])
            for pod in workload.pods:
                used = service["cpu_utilisation_ratio"][index] * limit * STEP_SECONDS
                periods = CFS_PERIODS_PER_SECOND * STEP_SECONDS
                slow = service["cpu_throttled_ratio"][index] * periods
                self._cpu[pod.name] = self._cpu.get(pod.name, 0.0) + used
                self._periods[pod.name] = self._periods.get(pod.name, 0.0) + periods
                self._throttled[pod.name] = self._throttled.get(pod.name, 0.0) + slow

    def samples(self) -> Iterator[Sample]:
        """Yield every series' present value."""
        yield from self._services()
        yield from self._calls()
        yield from self._pods()
        yield from self._deployments()

    def _services(self) -> Iterator[Sample]:
        for index, spec in enumerate(self.world.topology.specs):
            if spec.name == EXTERNAL_NAME or spec.kind == "database":
                continue
            who = {"service": spec.name, "namespace": self.namespace}
            good = float(self._requests[index] - self._errors[index])
            yield "http_requests_total", {**who, "code": "200"}, good
            yield "http_requests_total", {**who, "code": "500"}, float(self._errors[index])
            yield from _histogram("http_request_duration_seconds", who, self._buckets[index])

    def _calls(self) -> Iterator[Sample]:
        specs = self.world.topology.specs
        ends = zip(self.world.topology.callers, self.world.topology.callees, strict=True)
        for edge, (caller, callee) in enumerate(ends):
            kind = "database" if specs[callee].name == DATABASE_NAME else ""
            who = {"client": specs[caller].name, "server": specs[callee].name,
                   "connection_type": kind}  # fmt: skip
            name = "traces_service_graph_request"
            yield f"{name}_total", who, float(self._edge_requests[edge])
            yield f"{name}_failed_total", who, float(self._edge_errors[edge])
            yield from _histogram(f"{name}_server_seconds", who, self._edge_buckets[edge])

    def _pods(self) -> Iterator[Sample]:
        for index, spec in enumerate(self.world.topology.specs):
            if spec.name == EXTERNAL_NAME:
                continue
            workload = self.world.workloads[spec.name]
            noise = self._memory_noise(index)
            for pod in workload.pods:
                who = {"namespace": self.namespace, "pod": pod.name, "container": spec.name}
                yield "container_cpu_usage_seconds_total", who, self._cpu.get(pod.name, 0.0)
                yield "container_cpu_cfs_periods_total", who, self._periods.get(pod.name, 0.0)
                throttled = self._throttled.get(pod.name, 0.0)
                yield "container_cpu_cfs_throttled_periods_total", who, throttled
                used = (pod.memory_bytes or spec.memory_bytes) * noise
                yield "container_memory_working_set_bytes", who, used
                limits = (("memory", "byte", spec.memory_limit_bytes),
                          ("cpu", "core", float(workload.config["cpu.limit_cores"])))  # fmt: skip
                for resource, unit, value in limits:
                    named = {**who, "resource": resource, "unit": unit}
                    yield "kube_pod_container_resource_limits", named, value
                restarts = float(pod.restarts)
                yield "kube_pod_container_status_restarts_total", who, restarts

    def _memory_noise(self, index: int) -> float:
        """Return by what factor the measured memory of a service's pods is off just now."""
        history = self.world.history
        row = max(0, self._step - 1 - history.first)
        measured = float(history.service_rows["memory_working_set_bytes"][row, index])
        pods = self.world.workloads[self.world.topology.specs[index].name].pods
        mean = sum(pod.memory_bytes for pod in pods) / max(1, len(pods))
        return measured / mean if mean else 1.0

    def _deployments(self) -> Iterator[Sample]:
        for spec in self.world.topology.specs:
            if spec.name == EXTERNAL_NAME:
                continue
            workload = self.world.workloads[spec.name]
            who = {"namespace": self.namespace, "deployment": spec.name}
            ready = float(sum(p.crash_wait == 0 for p in workload.pods))
            yield "kube_deployment_spec_replicas", who, float(workload.replicas)
            yield "kube_deployment_status_replicas_available", who, ready

    def text(self, *, at: float | None = None, scraped_as: dict[str, str] | None = None) -> str:
        """Return the present values in the exposition format.

        For a history: with the time in Unix seconds, and the labels that a scrape would add, so
        that what is scraped later goes on with the same series.
        """
        ending, more = "" if at is None else f" {at:.3f}", scraped_as or {}
        lines = [f"{name}{{{_labels({**labels, **more})}}} {value:.10g}{ending}"
                 for name, labels, value in self.samples()]  # fmt: skip
        return "\n".join(lines) + "\n"


def _histogram(name: str, who: dict[str, str], buckets: Floats) -> Iterator[Sample]:
    for bound, count in zip(BUCKETS, buckets, strict=True):
        le = "+Inf" if math.isinf(bound) else f"{bound:g}"
        yield f"{name}_bucket", {**who, "le": le}, float(count)
    yield f"{name}_count", who, float(buckets[-1])


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels.items())
