"""What is no longer as it was declared: settings changed past every feed, pods of another image. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from telemetry.redaction import redact_object
from telemetry.types import ChangeEvent, ChangeKind, ClusterState, ResourceRef, WorkloadState

# A rollout is no drift: only pods that have run beside another image for so long.
SETTLED = timedelta(hours=1)
EXPLAINS = {ChangeKind.DEPLOY, ChangeKind.CONFIG, ChangeKind.FLAG, ChangeKind.INFRASTRUCTURE}
GONE = "(not set)"
Seen = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that differs: ``what`` is a setting's name, or ``image``."""

    resource: ResourceRef
    what: str
    was: str
    now: str


def seen_of(workload: WorkloadState, *, digest: Callable[[str], str]) -> Seen:
    """Return a workload's settings as they may be kept: shown without secrets, told apart by digest.

    ``digest`` must be keyed: that of a short password is else soon guessed.
    """
    shown = redact_object(dict(workload.settings), limit=120)
    values = list(shown.values()) if isinstance(shown, dict) else []
    return {
        name: [str(seen), digest(value)]
        for (name, value), seen in zip(workload.settings, values, strict=True)
    }


def changed_settings(
    resource: ResourceRef, before: Mapping[str, list[str]], now: Seen
) -> list[Drift]:
    """Return each setting that differs from what was seen before."""
    found = []
    for name in sorted(set(before) | set(now)):
        was, has = before.get(name), now.get(name)
        if (was and was[1]) != (has and has[1]):
            found.append(Drift(resource, name, was[0] if was else GONE, has[0] if has else GONE))
    return found


def is_explained(resource: ResourceRef, changes: Iterable[ChangeEvent], *, since: datetime) -> bool:
    """Whether a feed tells of a change of the resource since a time."""
    return any(c.resource == resource and c.kind in EXPLAINS and c.at >= since for c in changes)


def other_images(state: ClusterState, *, now: datetime) -> list[Drift]:
    """Return workloads that are settled, and of which a pod has long run another image than declared."""
    found = {}
    for workload in state.workloads:
        if not workload.image or workload.replicas_ready < workload.replicas_desired:
            continue
        for pod in state.pods:
            is_settled = pod.started_at is not None and now - pod.started_at >= SETTLED
            is_other = bool(pod.image) and pod.image != workload.image
            if pod.workload == workload.resource.name and is_settled and is_other:
                found[workload.resource] = Drift(
                    workload.resource, "image", workload.image, f"{pod.image} in {pod.name}"
                )
    return list(found.values())
