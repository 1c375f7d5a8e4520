"""What people and the cluster do to workloads: rollouts, restarts, scaling, settings, crashes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from lab.workloads import DAY_STEPS, Change, Pod, Rollout, Workload, make_pod, new_release

if TYPE_CHECKING:
    from lab.world import LabWorld

ROLL_STEPS = 7


class Conflict(Exception):
    """The target is not as the caller last saw it: nothing was done."""


class Refused(Exception):
    """The request makes no sense for this target."""


def ready_count(world: "LabWorld", workload: Workload) -> float:
    """Return how many pods take traffic now: one less while pods are being replaced."""
    crashing = sum(pod.crash_wait > 0 for pod in workload.pods)
    rolling = any(r.workload == workload.spec.name for r in world.rollouts)
    ready = len(workload.pods) - crashing - (1 if rolling and len(workload.pods) > 1 else 0)
    return max(ready, 0.5 if rolling else 0.0)


def lock_holders(world: "LabWorld") -> list[tuple[str, float]]:
    """Return workloads whose pods hold database locks too long, with the seconds."""
    return [
        (w.spec.name, w.behaviour.lock_seconds)
        for w in world.workloads.values()
        if w.behaviour.lock_seconds > 0
    ]


def kill_pod(world: "LabWorld", workload: Workload, pod: Pod, reason: str, code: int) -> None:
    """Let a pod die and start again in place."""
    pod.restarts += 1
    pod.last_termination, pod.exit_code = reason, code
    pod.started_step = world.step
    pod.crash_wait = 8
    name = workload.spec.name
    text = "Memory cgroup out of memory" if reason == "OOMKilled" else "Container exited"
    world.note(name, reason, f"{text}: killed process in pod {pod.name}", pod=pod.name,
               is_warning=True)  # fmt: skip


def crash_pod(world: "LabWorld", workload: Workload, pod: Pod, period: int) -> None:
    """Let a pod of a broken revision exit again and again, with a growing wait."""
    if pod.crash_wait > 0:
        pod.crash_wait -= 1
        return
    pod.restarts += 1
    pod.last_termination, pod.exit_code = "Error", 1
    pod.crash_wait = period + min(pod.restarts, 5) * 6
    message = f"Back-off restarting failed container in pod {pod.name}"
    world.note(workload.spec.name, "BackOff", message, pod=pod.name, is_warning=True)


def move_rollouts(world: "LabWorld") -> None:
    """Move every rollout on by a step; at its end, end what fresh pods end."""
    left: list[Rollout] = []
    for rollout in world.rollouts:
        workload = world.workloads[rollout.workload]
        is_over = world.step >= rollout.end
        if rollout.kind == "replace":
            _replace_pods(world, workload, rollout)
        elif is_over:
            _set_pod_count(world, workload, rollout.replicas)
        if not is_over:
            left.append(rollout)
            continue
        if rollout.kind == "replace":
            _freshen(world, workload)
        world.note(rollout.workload, "RolloutComplete", f"{rollout.workload} is up to date")
    world.rollouts = left


def updated_count(world: "LabWorld", workload: Workload) -> int:
    """Return how many pods are as the last change wants them: all, once its rollout is over."""
    count = len(workload.pods)
    for rollout in world.rollouts:
        if rollout.workload != workload.spec.name:
            continue
        if rollout.kind == "scale":
            count = min(count, len(workload.pods))
        else:
            wanted = round(len(workload.pods) * rollout.share)
            count = min(count, len(workload.pods) - wanted + rollout.replaced)
    return count


def _replace_pods(world: "LabWorld", workload: Workload, rollout: Rollout) -> None:
    """Replace as many pods as are due by now, each on another node than before."""
    count = max(1, round(len(workload.pods) * rollout.share)) if workload.pods else 0
    elapsed = min(1.0, (world.step - rollout.start) / max(1, rollout.end - rollout.start))
    due = min(count, int(count * elapsed))
    for index in range(rollout.replaced, due):
        old = workload.pods[index]
        workload.pods[index] = make_pod(workload, index, step=world.step, avoid=old.node)
    if due > rollout.replaced:
        rollout.replaced = due
        workload.pods_changed(world.step)


def _freshen(world: "LabWorld", workload: Workload) -> None:
    """Fresh pods read the certificate on disk, and take other ways through the network."""
    for fault in world.faults:
        if fault.cleared_by == workload.spec.name and fault.start <= world.step:
            fault.end = world.step
    if workload.certificate_end_step <= world.step:
        workload.certificate_end_step = world.step + 90 * DAY_STEPS


def _set_pod_count(world: "LabWorld", workload: Workload, replicas: int) -> None:
    del workload.pods[replicas:]
    while len(workload.pods) < replicas:
        workload.pods.append(make_pod(workload, len(workload.pods), step=world.step))
    workload.pods_changed(world.step)


def _touch(workload: Workload) -> None:
    workload.version += 1


def record_change(world: "LabWorld", kind: str, workload: str, summary: str, **what: str) -> None:
    """Add to the change feed."""
    number = len(world.changes) + 1
    world.changes.append(
        Change(f"{kind}-{world.seed}-{number}", world.step, kind, workload, summary,
               what.get("author", "ci"), what.get("before", ""), what.get("after", ""),
               what.get("diff", ""))
    )  # fmt: skip


def _roll(
    world: "LabWorld", name: str, kind: str, *, share: float = 1.0, replicas: int = 0
) -> None:
    """Begin a rollout. It takes the place of one of the same kind, and runs beside the other."""
    world.rollouts = [r for r in world.rollouts if (r.workload, r.kind) != (name, kind)]
    end = world.step + ROLL_STEPS
    world.rollouts.append(Rollout(name, kind, world.step, end, share=share, replicas=replicas))


def deploying(name: str, *, share: float = 1.0, **what: object) -> Callable[["LabWorld"], None]:
    """Return a happening that rolls out the workload's next release with these effects."""

    def happen(world: "LabWorld") -> None:
        workload = world.workloads[name]
        release = new_release(workload, world.seed, **{"diff": "", **what})
        before = workload.release.tag
        workload.releases.append(release)
        workload.current = release.revision
        _touch(workload)
        record_change(world, "deploy", name, f"{release.summary} ({before} to {release.tag})",
                      author=release.author, before=before, after=release.tag,
                      diff=release.diff)  # fmt: skip
        _roll(world, name, "replace", share=share)

    return happen


def setting(
    name: str, key: str, value: str, *, author: str, summary: str
) -> Callable[["LabWorld"], None]:
    """Return a happening that changes a setting of a workload."""

    def happen(world: "LabWorld") -> None:
        set_config(world, name, key, value, author=author, summary=summary)

    return happen


def set_config(
    world: "LabWorld", name: str, key: str, value: str, *, author: str, summary: str = ""
) -> None:
    """Change a setting at once (settings are watched, no restart needed)."""
    workload = world.workloads[name]
    if key not in workload.config:
        raise Refused(f"{name} has no setting {key!r}.")
    before = workload.config[key]
    workload.config[key] = value
    workload.config_history.append((world.step, key, before, value))
    _touch(workload)
    record_change(
        world,
        "config",
        name,
        summary or f"{key}: {before} to {value}",
        author=author,
        before=before,
        after=value,
        diff=f"-{key}: {before}\n+{key}: {value}",
    )


def restart(world: "LabWorld", name: str) -> None:
    """Replace every pod of a workload, one after another."""
    _touch(world.workloads[name])
    world.note(name, "Restarting", f"rolling restart of {name}")
    _roll(world, name, "replace")


def scale(world: "LabWorld", name: str, replicas: int) -> None:
    """Set the number of replicas."""
    if not 1 <= replicas <= 40:
        raise Refused("Replicas must be between 1 and 40.")
    workload = world.workloads[name]
    record_change(
        world,
        "scale",
        name,
        f"replicas {workload.replicas} to {replicas}",
        author="operator",
        before=str(workload.replicas),
        after=str(replicas),
    )
    workload.replicas = replicas
    _touch(workload)
    _roll(world, name, "scale", replicas=replicas)


def roll_back(world: "LabWorld", name: str, revision: int) -> None:
    """Run an older (or any known) revision again."""
    workload = world.workloads[name]
    target = next((r for r in workload.releases if r.revision == revision), None)
    if target is None:
        raise Refused(f"{name} has no revision {revision}.")
    before = workload.release.tag
    workload.current = revision
    _touch(workload)
    record_change(
        world,
        "deploy",
        name,
        f"Rolled to revision {revision} ({target.tag})",
        author="operator",
        before=before,
        after=target.tag,
    )
    _roll(world, name, "replace")
