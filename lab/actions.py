"""Actions from outside: previewed, guarded by what the caller last saw, applied once per key."""

from typing import TYPE_CHECKING

from lab import operations
from lab.operations import Conflict, Refused
from lab.workloads import Workload

if TYPE_CHECKING:
    from lab.world import LabWorld

Fields = dict[str, object]


def describe(world: "LabWorld", name: str) -> Fields:
    """Return what a caller must know to act: identity, version, settings, revisions.

    Raises:
        Refused: There is no such workload, or it is not ours.
    """
    workload = _find(world, name)
    return {
        "name": name,
        "uid": workload.uid,
        "resource_version": f"{world.generation}.{workload.version}",
        "replicas": workload.replicas,
        "ready": operations.ready_count(world, workload),
        "revision": workload.current,
        "image": workload.image,
        "config": dict(sorted(workload.config.items())),
        "config_history": [
            {"at": world.at(step).isoformat(), "key": key, "before": before, "after": after}
            for step, key, before, after in workload.config_history
        ],
        "revisions": [
            {"revision": r.revision, "tag": r.tag, "summary": r.summary} for r in workload.releases
        ],
        "pods": [
            {"name": p.name, "node": p.node, "ready": p.crash_wait == 0} for p in workload.pods
        ],
        "updated": operations.updated_count(world, workload),
        "annotations": dict(workload.annotations),
        "total_pods": sum(
            len(w.pods) for w in world.workloads.values() if world.is_managed(w.spec.name)
        ),
    }


def _find(world: "LabWorld", name: str) -> Workload:
    if not world.is_managed(name) or world.workloads[name].spec.kind != "service":
        raise Refused(f"There is no workload {name!r} to act on.")
    return world.workloads[name]


def preview(world: "LabWorld", request: Fields) -> Fields:
    """Return the before, the after and the diff of an action, and change nothing.

    Raises:
        Refused: The request makes no sense for its target.
    """
    workload = _find(world, str(request["workload"]))
    before, after = _effect(workload, request)
    diff = "".join(
        f"-{key}: {before[key]}\n+{key}: {after[key]}\n"
        for key in after
        if before[key] != after[key]
    )
    return {"before": before, "after": after, "diff": diff}


def _effect(workload: Workload, request: Fields) -> tuple[Fields, Fields]:
    action = str(request["action"])
    if action == "rolling_restart":
        pods = ", ".join(p.name for p in workload.pods)
        return {"pods": pods}, {"pods": f"{len(workload.pods)} fresh pods"}
    if action == "scale":
        return {"replicas": workload.replicas}, {"replicas": _int(request, "replicas")}
    if action == "rollback":
        target = _int(request, "revision")
        found = next((r for r in workload.releases if r.revision == target), None)
        if found is None:
            raise Refused(f"{workload.spec.name} has no revision {target}.")
        image = f"registry.example/{workload.spec.name}:{found.tag}"
        return ({"revision": workload.current, "image": workload.image},
                {"revision": target, "image": image})  # fmt: skip
    if action in {"set_config", "set_pool_limit"}:
        wanted = _settings(request)
        for key in wanted:
            if key not in workload.config:
                raise Refused(f"{workload.spec.name} has no setting {key!r}.")
        return {key: workload.config[key] for key in wanted}, dict(wanted)
    raise Refused(f"There is no action {action!r}.")


def _settings(request: Fields) -> dict[str, str]:
    """Return the settings that a request sets, by name."""
    if request["action"] == "set_pool_limit":
        return {"db.pool_size": str(_int(request, "size"))}
    found = request.get("settings")
    if not isinstance(found, dict) or not found:
        raise Refused("settings must name at least one setting with its value.")
    return {str(key): str(value) for key, value in found.items()}


def _int(request: Fields, name: str) -> int:
    try:
        return int(str(request[name]))
    except (KeyError, ValueError) as error:
        raise Refused(f"{name} must be a whole number.") from error


def apply(world: "LabWorld", request: Fields) -> Fields:
    """Do an action once. The same ``idempotency_key`` again returns the first result.

    Raises:
        Conflict: ``uid`` or ``resource_version`` is not the target's: nothing was done.
        Refused: The request makes no sense for its target.
    """
    key = str(request.get("idempotency_key", ""))
    if not key:
        raise Refused("An idempotency_key is needed.")
    if key in world.applied:
        return world.applied[key]
    name = str(request["workload"])
    workload = _find(world, name)
    now = describe(world, name)
    for field in ("uid", "resource_version"):
        if request.get(field) != now[field]:
            raise Conflict(f"{name}: {field} is {now[field]}, not {request.get(field)}.")
    change = preview(world, request)
    _do(world, name, request)
    workload.annotations["sre-workspace/last-action"] = key
    result = {**change, "idempotency_key": key, "applied_at": world.at(world.step).isoformat(),
              "resource_version": describe(world, name)["resource_version"]}  # fmt: skip
    world.applied[key] = result
    return result


def _do(world: "LabWorld", name: str, request: Fields) -> None:
    action = str(request["action"])
    if action == "rolling_restart":
        operations.restart(world, name)
    elif action == "scale":
        operations.scale(world, name, _int(request, "replicas"))
    elif action == "rollback":
        operations.roll_back(world, name, _int(request, "revision"))
    else:
        for key, value in _settings(request).items():
            operations.set_config(world, name, key, value, author="operator")


__all__ = ["Conflict", "Refused", "apply", "describe", "preview"]
