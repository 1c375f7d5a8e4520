"""Requests as JSON patches of a Deployment, and what a Deployment says of itself. Pure."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from remediation.errors import TargetRefused
from remediation.executors.ports import ConfigChange, Request, TargetState, settings_in
from telemetry.adapters.kubernetes.parsing import part, rows, settings_of
from telemetry.adapters.kubernetes.rollouts import Revision

Json = dict[str, Any]
Operation = dict[str, Any]
MARK = "sre-workspace/actions"
RESTART = "sre-workspace/restarted-by"
KEPT_MARKS = 8
# What Kubernetes takes where a Deployment does not say.
DEFAULT_SHARE = "25%"
CONTAINER = "/spec/template/spec/containers/0"


def marks_of(deployment: Json) -> list[str]:
    """Return the keys of the requests that were done on it, newest last."""
    text = part(deployment, "metadata", "annotations").get(MARK, "")
    return [key for key in str(text).split(",") if key]


def marked(deployment: Json, key: str) -> list[Operation]:
    """Return what writes a request's key onto the Deployment."""
    keys = ",".join([*marks_of(deployment), key][-KEPT_MARKS:])
    if "annotations" not in deployment["metadata"]:
        return [{"op": "add", "path": "/metadata/annotations", "value": {MARK: keys}}]
    return [{"op": "add", "path": f"/metadata/annotations/{_escaped(MARK)}", "value": keys}]


def operations_for(
    request: Request, deployment: Json, revisions: Sequence[Revision]
) -> list[Operation]:
    """Return the patch of a request.

    Raises:
        TargetRefused: It makes no sense for this Deployment.
    """
    action = str(request["action"])
    if part(deployment, "spec").get("paused"):
        raise TargetRefused(f"{deployment['metadata']['name']} is paused: resume it first.")
    if action == "scale":
        return [_replace("/spec/replicas", int(str(request["replicas"])))]
    if action == "rollback":
        return [_replace("/spec/template", _template(int(str(request["revision"])), revisions))]
    if action == "rolling_restart":
        return _restart(deployment, str(request.get("nonce", deployment["metadata"]["uid"])))
    if action == "set_config":
        return [_setting(deployment, k, v) for k, v in settings_in(request).items()]
    if action == "set_pool_limit":
        return [_setting(deployment, str(request["key"]), str(request["size"]))]
    raise TargetRefused(f"A cluster knows no action {action!r}.")


def _replace(path: str, value: object) -> Operation:
    return {"op": "replace", "path": path, "value": value}


def _template(number: int, revisions: Sequence[Revision]) -> Json:
    found = next((r for r in revisions if r.number == number), None)
    if found is None:
        known = ", ".join(str(r.number) for r in revisions) or "none"
        raise TargetRefused(f"There is no revision {number}; the history has {known}.")
    return found.template


def _restart(deployment: Json, nonce: str) -> list[Operation]:
    """Return what makes the controller replace every pod: another annotation of the template."""
    generation = deployment["metadata"].get("generation", 0)
    value = f"{nonce}/{generation}"
    template = part(deployment, "spec", "template", "metadata")
    base = "/spec/template/metadata/annotations"
    if "annotations" not in template:
        return [{"op": "add", "path": base, "value": {RESTART: value}}]
    return [{"op": "add", "path": f"{base}/{_escaped(RESTART)}", "value": value}]


def _setting(deployment: Json, key: str, value: str) -> Operation:
    container = _container(deployment)
    group, _, name = key.partition(".")
    if group in {"limits", "requests"} and name:
        if name not in part(container, "resources", group):
            raise TargetRefused(f"It has no {key}.")
        return _replace(f"{CONTAINER}/resources/{group}/{_escaped(name)}", value)
    for index, variable in enumerate(rows(container, "env")):
        if variable.get("name") == key:
            if "value" not in variable:
                raise TargetRefused(f"{key} comes from another object; change it there.")
            return _replace(f"{CONTAINER}/env/{index}/value", value)
    raise TargetRefused(f"It has no setting {key!r}.")


def _container(deployment: Json) -> Json:
    containers = rows(part(deployment, "spec", "template", "spec"), "containers")
    if not containers:
        raise TargetRefused("It has no container.")
    return containers[0]


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def summary_of(deployment: Json) -> dict[str, str]:
    """Return what actions can change, flat: for diffs that a person reads."""
    containers = rows(part(deployment, "spec", "template", "spec"), "containers")
    found = {"replicas": str(part(deployment, "spec").get("replicas", 1))}
    for number, container in enumerate(containers):
        found["image" if number == 0 else f"image of {container.get('name')}"] = str(
            container.get("image", "")
        )
    found |= dict(settings_of(containers))
    annotations = part(deployment, "spec", "template", "metadata", "annotations")
    if RESTART in annotations:
        found["pods restarted by"] = str(annotations[RESTART])
    return found


def deployment_state(
    deployment: Json, revisions: Sequence[Revision], total_pods: int
) -> TargetState:
    """Return a Deployment as the catalogue plans with it."""
    meta = deployment["metadata"]
    containers = rows(part(deployment, "spec", "template", "spec"), "containers")
    newest = revisions[-1].number if revisions else 1
    return TargetState(
        name=meta["name"],
        uid=meta["uid"],
        version=str(meta.get("generation", "")),
        replicas=int(part(deployment, "spec").get("replicas", 1)),
        ready=float(part(deployment, "status").get("readyReplicas") or 0),
        revision=newest,
        image=str(containers[0].get("image", "")) if containers else "",
        total_pods=total_pods,
        updated=_updated(deployment),
        is_stuck=_is_stuck(deployment),
        at_once=_at_once(deployment),
        config=dict(settings_of(containers)),
        config_history=tuple(_config_history(revisions)),
        revisions=tuple(r.number for r in revisions),
        tags={r.number: r.image.rpartition(":")[2] for r in revisions},
    )


def _config_history(revisions: Sequence[Revision]) -> list[ConfigChange]:
    changes = []
    for before, after in itertools.pairwise(revisions):
        old = dict(settings_of(rows(part(before.template, "spec"), "containers")))
        new = dict(settings_of(rows(part(after.template, "spec"), "containers")))
        changes += [ConfigChange(key, old[key], new[key], str(after.number)) for key in sorted(old.keys() & new.keys())
                    if old[key] != new[key]]  # fmt: skip
    return changes


def _updated(deployment: Json) -> int:
    """Return how many pods run the newest template; none before the controller has seen it."""
    if not _is_seen(deployment):
        return 0
    return int(part(deployment, "status").get("updatedReplicas") or 0)


def _is_seen(deployment: Json) -> bool:
    """Whether the status is about what is asked for now, not about the rollout before."""
    seen = int(part(deployment, "status").get("observedGeneration") or 0)
    return seen >= int(deployment["metadata"].get("generation") or 0)


def _is_stuck(deployment: Json) -> bool:
    return _is_seen(deployment) and any(
        c.get("type") == "Progressing" and c.get("reason") == "ProgressDeadlineExceeded"
        for c in rows(part(deployment, "status"), "conditions")
    )


def _at_once(deployment: Json) -> int:
    """Return how many pods a rollout takes away or adds before it waits for readiness."""
    spec = part(deployment, "spec")
    replicas = int(spec.get("replicas", 1))
    strategy = part(spec, "strategy")
    if strategy.get("type") == "Recreate":
        return replicas
    limits = part(strategy, "rollingUpdate")
    surge = _count(limits.get("maxSurge", DEFAULT_SHARE), replicas, rounding=math.ceil)
    away = _count(limits.get("maxUnavailable", DEFAULT_SHARE), replicas, rounding=math.floor)
    return max(1, surge, away)


def _count(limit: object, replicas: int, *, rounding: Callable[[float], int]) -> int:
    """Return a limit of a rollout in pods: a number, or a share that Kubernetes rounds its own way."""
    text = str(limit)
    if text.endswith("%"):
        return rounding(replicas * float(text[:-1]) / 100)
    return int(text)
