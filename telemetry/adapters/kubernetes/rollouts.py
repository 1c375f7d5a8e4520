"""Rollout history as the change feed: what each new ReplicaSet changed, and when it came up."""

import difflib
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from telemetry.adapters.kubernetes.api import KubernetesApi
from telemetry.adapters.kubernetes.parsing import (
    EPOCH,
    Json,
    event_time,
    meta,
    moment,
    owner,
    part,
    rows,
)
from telemetry.adapters.kubernetes.state import NAME, NAMESPACED
from telemetry.redaction import redact
from telemetry.results import Provenance, QueryResult, ResultStatus
from telemetry.types import (
    TEMPLATE_HASH,
    ChangeEvent,
    ChangeKind,
    ResourceRef,
    TelemetryKind,
    TimeWindow,
    service,
)

REVISION = "deployment.kubernetes.io/revision"
CAUSE = "kubernetes.io/change-cause"
RESTARTED = "kubectl.kubernetes.io/restartedAt"
GENERATED = {"pod-template-hash"}


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of a Deployment's rollout history."""

    number: int
    template: Json
    at: datetime
    replica_set: str
    cause: str = ""

    @property
    def image(self) -> str:
        """The image of the first container."""
        containers = rows(part(self.template, "spec"), "containers")
        return str(containers[0].get("image", "")) if containers else ""

    @property
    def settings(self) -> dict[str, str]:
        """Literal environment variables of the first container."""
        containers = rows(part(self.template, "spec"), "containers")
        return {str(e.get("name")): str(e.get("value", "")) for e in rows(containers[0], "env")
                if "value" in e} if containers else {}  # fmt: skip


def history(deployment: Json, replica_sets: Sequence[Json], events: Sequence[Json] = ()
            ) -> list[Revision]:  # fmt: skip
    """Return the Deployment's revisions, oldest first.

    A rollback gives an old ReplicaSet a new number: it then came up when the cluster's events, or
    else the Deployment's managed fields, say so, not when it was made.
    """
    name, uid = str(meta(deployment).get("name")), meta(deployment).get("uid")
    own = [r for r in replica_sets if owner(r, "Deployment") == name and _is_owned(r, uid)]
    found = []
    for item in own:
        annotations = part(item, "metadata", "annotations")
        try:
            number = int(annotations.get(REVISION, ""))
        except ValueError:
            continue
        made = moment(meta(item).get("creationTimestamp")) or EPOCH
        found.append(Revision(number, _template(item), made, str(meta(item).get("name", "")),
                              str(annotations.get(CAUSE, ""))))  # fmt: skip
    found.sort(key=lambda r: r.number)
    return [_dated(revision, found[:index], deployment, events)
            for index, revision in enumerate(found)]  # fmt: skip


def _is_owned(item: Json, uid: object) -> bool:
    return any(r.get("uid") == uid for r in rows(meta(item), "ownerReferences"))


def _template(replica_set: Json) -> Json:
    template = dict(part(replica_set, "spec", "template"))
    labels = part(template, "metadata", "labels")
    kept = {k: v for k, v in labels.items() if k not in GENERATED}
    annotations = part(template, "metadata", "annotations")
    template["metadata"] = {"labels": kept, **({"annotations": annotations} if annotations else {})}
    return template


def _dated(
    revision: Revision, earlier: Sequence[Revision], deployment: Json, events: Sequence[Json]
) -> Revision:
    latest = max((r.at for r in earlier), default=EPOCH)
    if revision.at >= latest:
        return revision
    scaled = [event_time(e) for e in events
              if e.get("reason") == "ScalingReplicaSet"
              and f"Scaled up replica set {revision.replica_set} " in str(e.get("message", ""))]  # fmt: skip
    edited = [moment(f.get("time")) for f in rows(meta(deployment), "managedFields")
              if "f:template" in part(f, "fieldsV1", "f:spec")]  # fmt: skip
    known = scaled or [at for at in edited if at is not None]
    at = max(known, default=latest)
    return Revision(revision.number, revision.template, max(at, latest), revision.replica_set,
                    revision.cause)  # fmt: skip


def kind_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> ChangeKind:
    """Return what a rollout was: another image, other settings, or only a restart."""
    was = [c.get("image") for c in rows(part(dict(before), "spec"), "containers")]
    now = [c.get("image") for c in rows(part(dict(after), "spec"), "containers")]
    if was != now:
        return ChangeKind.DEPLOY
    return ChangeKind.CONFIG if before.get("spec") != after.get("spec") else ChangeKind.SCALE


def diff_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the difference of two pod templates as a unified diff of their YAML, redacted."""
    old, new = (yaml.safe_dump(dict(t), sort_keys=True).splitlines() for t in (before, after))
    lines = difflib.unified_diff(old, new, "before", "after", lineterm="", n=2)
    return redact("\n".join(lines))


def changes_of(deployment: Json, revisions: Sequence[Revision]) -> Iterator[ChangeEvent]:
    """Return what each revision changed against the one that ran before it."""
    name = str(meta(deployment).get("name", ""))
    for before, after in itertools.pairwise(revisions):
        kind = kind_of(before.template, after.template)
        said = after.cause if after.cause != before.cause else ""
        yield ChangeEvent(
            id=f"{meta(deployment).get('uid')}/{after.number}",
            at=after.at,
            kind=kind,
            resource=service(name),
            summary=redact(said, limit=300) or _summary(kind, before, after),
            revision_before=str(before.number),
            revision_after=str(after.number),
            diff=diff_of(before.template, after.template),
            attributes=((TEMPLATE_HASH, after.replica_set.removeprefix(f"{name}-")),)
            if after.replica_set else (),
        )  # fmt: skip


def _summary(kind: ChangeKind, before: Revision, after: Revision) -> str:
    numbers = f"revision {before.number} to {after.number}"
    if kind is ChangeKind.DEPLOY:
        return f"{before.image} to {after.image} ({numbers})"
    if kind is ChangeKind.CONFIG:
        keys = sorted(k for k in before.settings.keys() | after.settings.keys()
                      if before.settings.get(k) != after.settings.get(k))  # fmt: skip
        return f"{', '.join(keys) or 'the pod template'} changed ({numbers})"
    return f"Restarted ({numbers})"


class KubernetesChanges:
    """Rollouts of the Deployments of the configured namespaces."""

    name = NAME

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def changes(
        self, resources: Sequence[ResourceRef], window: TimeWindow
    ) -> QueryResult[tuple[ChangeEvent, ...]]:
        """Return rollouts in the window, oldest first."""
        began = time.monotonic()
        names = {r.name for r in resources}
        found: list[ChangeEvent] = []
        is_cut = False
        for namespace in self._api.access.namespaces:
            lists = [self._api.list(NAMESPACED[kind].format(namespace))
                     for kind in ("deployments", "replicasets", "events")]  # fmt: skip
            is_cut = is_cut or any(listed.is_cut for listed in lists)
            deployments, sets, events = (listed.items for listed in lists)
            for deployment in deployments:
                if not names or meta(deployment).get("name") in names:
                    found += changes_of(deployment, history(deployment, sets, events))
        kept = tuple(sorted((c for c in found if window.contains(c.at)), key=lambda c: c.at))
        scope = ",".join(self._api.access.namespaces)
        source = Provenance(
            source=NAME, kind=TelemetryKind.CHANGE, window=window,
            query=f"GET deployments, replicasets, events in namespaces {scope}: rollout history",
            fetched_at=datetime.now(UTC), duration_seconds=time.monotonic() - began,
            truncated_count=int(is_cut),
        )  # fmt: skip
        status = ResultStatus.OK if kept else ResultStatus.NO_DATA
        return QueryResult(ResultStatus.PARTIAL if is_cut else status, kept, source)
