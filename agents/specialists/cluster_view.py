"""A cluster's state arranged for the checks: who is short of pods, what selects what, who said what."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from agents.enums import Presence
from agents.findings import Finding
from agents.specialists.reader import Reader
from telemetry.cluster import ClusterDetails, ContainerTemplate, ServiceState
from telemetry.redaction import redact
from telemetry.types import (
    ClusterEvent,
    ClusterState,
    PodState,
    ResourceKind,
    ResourceRef,
    TelemetryKind,
    WorkloadState,
)

IMAGE_REASONS = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
MAX_ROWS = 8


@dataclass
class ClusterView:
    """What the checks ask of one state. Built once per look."""

    reader: Reader
    state: ClusterState

    @property
    def details(self) -> ClusterDetails:
        """Services, claims, volumes, quotas, tests."""
        return self.state.details

    @cached_property
    def workloads(self) -> dict[str, WorkloadState]:
        """Every workload by name."""
        return {w.resource.name: w for w in self.state.workloads}

    @cached_property
    def pods(self) -> dict[str, list[PodState]]:
        """Pods by workload."""
        found: dict[str, list[PodState]] = defaultdict(list)
        for pod in self.state.pods:
            found[pod.workload].append(pod)
        return found

    @cached_property
    def unready(self) -> dict[str, WorkloadState]:
        """Workloads with fewer ready pods than asked, by name."""
        found = {}
        for name, workload in self.workloads.items():
            ready = workload.replicas_ready
            pods = self.pods.get(name)
            if pods:
                ready = min(ready, sum(p.ready for p in pods))
            if ready < workload.replicas_desired:
                found[name] = workload
        return found

    @cached_property
    def events(self) -> dict[str, list[ClusterEvent]]:
        """Warnings by the name of what they are about."""
        found: dict[str, list[ClusterEvent]] = defaultdict(list)
        for event in self.state.events:
            if event.is_warning:
                found[event.resource.name].append(event)
        return found

    @cached_property
    def notes(self) -> dict[str, list[ClusterEvent]]:
        """Events that are no warnings, by the name of what they are about."""
        found: dict[str, list[ClusterEvent]] = defaultdict(list)
        for event in self.state.events:
            if not event.is_warning:
                found[event.resource.name].append(event)
        return found

    @cached_property
    def is_journal_lost(self) -> bool:
        """Whether something happened and no event tells of anything: they are kept for an hour."""
        has_happened = bool(self.unready) or any(p.restarts for p in self.state.pods)
        return has_happened and not self.state.events

    @cached_property
    def namespace(self) -> ResourceRef:
        """The namespace most pods are in."""
        names = [p.namespace for p in self.state.pods if p.namespace]
        name = max(sorted(set(names)), key=names.count, default="default")
        return ResourceRef(ResourceKind.NAMESPACE, name)

    @cached_property
    def services(self) -> dict[str, ServiceState]:
        """Services by name."""
        return {s.name: s for s in self.details.services}

    def backing(self, service: ServiceState) -> list[WorkloadState]:
        """Return the workloads whose pods a Service selects."""
        wanted = set(service.selector)
        if not wanted:
            return []
        by_pod = {p.workload for p in self.state.pods if wanted <= set(p.labels)}
        return [
            w for name, w in self.workloads.items()
            if name in by_pod or (w.template and wanted <= set(w.template.labels))
        ]  # fmt: skip

    def meant_by(self, service: ServiceState) -> WorkloadState | None:
        """Return the workload that a Service should select: the selected one, or its namesake."""
        backing = self.backing(service)
        return backing[0] if backing else self.workloads.get(service.name)

    def fits(self, rules_pods: Iterable[PodState]) -> list[str]:
        """Return the nodes that these pods run on."""
        return sorted({p.node for p in rules_pods if p.node})

    def containers(self, workload: WorkloadState) -> Sequence[ContainerTemplate]:
        """Return a workload's containers as declared, none if that is unknown."""
        return workload.template.containers if workload.template else ()

    def said(self, name: str, pattern: re.Pattern[str]) -> list[ClusterEvent]:
        """Return the warnings about something whose reason or message meets a pattern."""
        return [e for e in self.events.get(name, []) if pattern.search(f"{e.reason} {e.message}")]

    def is_whole(self, name: str) -> bool:
        """Whether all pods of a workload are ready, and none of them has ever restarted."""
        pods = self.pods.get(name, [])
        known = name in self.workloads and name not in self.unready
        return known and bool(pods) and not any(p.restarts for p in pods)

    def last_said(self, name: str, pattern: re.Pattern[str]) -> datetime | None:
        """Return when warnings of a kind ended about a workload that is whole again, or None."""
        said = self.said(name, pattern) if self.is_whole(name) else []
        return max((e.at for e in said), default=None)

    def finding(
        self, feature: str, resource: ResourceRef, claim: str, *, strength: float = 1.0,
        peer: ResourceRef | None = None, presence: Presence = Presence.PRESENT,
        rows: Sequence[dict[str, object]] = (), event: ClusterEvent | None = None,
        ended_at: datetime | None = None,
    ) -> Finding:  # fmt: skip
        """Return a finding about the cluster; with an event, quoting it."""
        if event is not None:
            quoted = redact(event.message, limit=240)
            rows = [*rows, {"reason": event.reason, "text": quoted, "count": event.count}]
        return Finding(
            agent=self.reader.agent,
            feature=feature,
            resource=resource,
            presence=presence,
            kind=TelemetryKind.CLUSTER,
            claim=claim,
            provenance=self.reader.cluster().provenance,
            peer=peer,
            strength=strength,
            sample={"rows": list(rows[:MAX_ROWS])} if rows else {},
            is_tainted=event is not None,
            ended_at=ended_at,
        )


def quote(event: ClusterEvent, limit: int = 180) -> str:
    """Return an event's message fit to show."""
    return redact(event.message, limit=limit)
