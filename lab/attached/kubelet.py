"""Playing the kubelet: bound pods start, run, crash, are killed for memory and go."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lab.attached.api import ApiError, Cluster, Json
from lab.attached.images import release_of
from lab.attached.manifests import deployment, variable
from lab.workloads import LONG_AGO, Pod, Workload
from lab.world import LabWorld

START_SECONDS = 1.0
STOP_SECONDS = 0.4
MAX_BACK_OFF = "back-off 40s restarting failed container"


def stamp(at: datetime | None = None) -> str:
    """Return a time as Kubernetes writes it."""
    return (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class _Seen:
    """What was last told of a pod."""

    first: float
    ip: str
    started_at: str = ""
    told: tuple[int, bool] = (-1, False)
    exited_at: str = ""


@dataclass
class Kubelet:
    """All nodes' kubelet at once, and the link from the cluster's objects to the world.

    ``sync`` reads the cluster and brings the world in line with it; ``report`` writes back what
    befell the pods in the world. Both are called from one thread.
    """

    world: LabWorld
    cluster: Cluster
    pods: dict[str, Pod] = field(default_factory=dict)
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _notes: int = 0
    _counter: int = 0

    def create_workloads(self) -> None:
        """Create the namespace and a Deployment per service; those that are there stay."""
        space = self.cluster.namespace
        self.cluster.create("/api/v1/namespaces", {"metadata": {"name": space}})
        for workload in self._managed():
            self.cluster.create(f"/apis/apps/v1/namespaces/{space}/deployments",
                                deployment(workload))  # fmt: skip

    def _managed(self) -> list[Workload]:
        return [w for w in self.world.workloads.values() if w.spec.kind != "external"]

    def sync(self) -> bool:
        """Let pods start and go, and the world run what the cluster runs.

        Returns:
            Whether every Deployment has all of its pods ready.
        """
        found = self.cluster.items("pods")
        deployments = {d["metadata"]["name"]: d for d in self.cluster.items("deployments")}
        running: dict[str, list[tuple[str, Json]]] = {}
        for item in found:
            if self._is_up(item):
                app = item["metadata"].get("labels", {}).get("app", "")
                running.setdefault(app, []).append((item["metadata"]["name"], item))
        names = {item["metadata"]["name"] for item in found}
        for gone in set(self._seen) - names:
            self._seen.pop(gone)
            self.pods.pop(gone, None)
        is_complete = True
        with self.world.lock:
            for workload in self._managed():
                name = workload.spec.name
                mine = running.get(name, [])
                self._apply(workload, deployments.get(name), mine)
                is_complete = is_complete and len(mine) == workload.replicas
        return is_complete

    def _is_up(self, item: Json) -> bool:
        """Move a pod on; return whether its container has been started."""
        meta, name = item["metadata"], item["metadata"]["name"]
        if not item["spec"].get("nodeName"):
            return False
        seen = self._seen.get(name)
        if seen is None:
            self._counter += 1
            ip = f"10.88.{self._counter // 250 % 250}.{self._counter % 250 + 1}"
            seen = self._seen[name] = _Seen(time.monotonic(), ip)
            phase = (item.get("status") or {}).get("phase")
            if phase == "Running":
                seen.started_at = stamp()
        if meta.get("deletionTimestamp"):
            self._remove(name, seen)
            return False
        if not seen.started_at and time.monotonic() - seen.first >= START_SECONDS:
            seen.started_at = stamp()
        return bool(seen.started_at)

    def _remove(self, name: str, seen: _Seen) -> None:
        if not seen.exited_at:
            seen.exited_at = stamp()
            seen.first = time.monotonic()
        if time.monotonic() - seen.first >= STOP_SECONDS:
            try:
                self.cluster.ask("DELETE", self.cluster.pod_path(name),
                                 query={"gracePeriodSeconds": "0"})  # fmt: skip
            except ApiError as error:
                if error.status not in {404, 409}:
                    raise

    def _apply(
        self, workload: Workload, item: Json | None, running: list[tuple[str, Json]]
    ) -> None:
        """Give a workload of the world the pods, replicas and settings of its Deployment."""
        if item is not None:
            workload.uid = item["metadata"]["uid"]
            workload.replicas = int(item["spec"].get("replicas", 1))
            self._settings(workload, item["spec"]["template"]["spec"]["containers"][0])
        wanted = [self._pod(workload, name, pod) for name, pod in running]
        if [p.name for p in wanted] != [p.name for p in workload.pods]:
            workload.pods = wanted
            workload.pods_changed(self.world.step)

    def _settings(self, workload: Workload, container: Json) -> None:
        given = {e["name"]: e.get("value", "") for e in container.get("env", [])}
        limits = container.get("resources", {}).get("limits", {})
        for key, before in list(workload.config.items()):
            value = given.get(variable(key), before)
            if key == "cpu.limit_cores":
                value = _cores(str(limits.get("cpu", before)))
            if value != before:
                workload.config[key] = value
                workload.config_history.append((self.world.step, key, before, value))

    def _pod(self, workload: Workload, name: str, item: Json) -> Pod:
        if name not in self.pods:
            image = item["spec"]["containers"][0]["image"]
            # In the history that is filled in afterwards the first pods have always run.
            step = self.world.step if self.world.step else LONG_AGO
            self.pods[name] = Pod(name, item["spec"]["nodeName"], step,
                                  revision=self._revision(workload, image))  # fmt: skip
        return self.pods[name]

    def _revision(self, workload: Workload, image: str) -> int:
        tag = image.rpartition(":")[2]
        known = next((r.revision for r in workload.releases if r.tag == tag), 0)
        if not known:
            known = len(workload.releases) + 1
            workload.releases.append(release_of(image, known))
        workload.current = known
        return known

    def report(self) -> None:
        """Tell the cluster how the pods are, where that has changed, and what happened to them."""
        with self.world.lock:
            states = [(p, w.spec.name) for w in self._managed() for p in w.pods]
            told = [(p.name, app, p.restarts, p.crash_wait > 0, p.last_termination, p.exit_code)
                    for p, app in states]  # fmt: skip
            notes = self.world.notes[self._notes :]
            self._notes = len(self.world.notes)
            messages = {p.revision: w.release_of(p.revision).crash_text
                        for w in self._managed() for p in w.pods}  # fmt: skip
            crash = {p.name: messages[p.revision] for p, _ in states}
        for name, app, restarts, is_down, reason, code in told:
            seen = self._seen.get(name)
            if seen is not None and seen.told != (restarts, is_down):
                if restarts > max(0, seen.told[0]):
                    seen.exited_at = stamp()
                self._tell(name, app, seen, restarts, is_down, reason, code, crash[name])
                seen.told = (restarts, is_down)
        for note in notes:
            if note.is_warning and note.pod in self._seen:
                self._event(note.pod, note.reason, note.message)

    def _tell(
        self, name: str, app: str, seen: _Seen, restarts: int, is_down: bool, reason: str,
        code: int | None, crash: str,
    ) -> None:  # fmt: skip
        ended = {"reason": reason or "Error", "exitCode": code or 0, "finishedAt": seen.exited_at,
                 "startedAt": seen.started_at, "message": crash}  # fmt: skip
        running = {"running": {"startedAt": seen.exited_at or seen.started_at}}
        waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": MAX_BACK_OFF}}
        container = {
            "name": app, "ready": not is_down, "started": not is_down, "restartCount": restarts,
            "image": "", "imageID": "", "containerID": f"lab://{name}/{restarts}",
            "state": waiting if is_down else running,
            "lastState": {"terminated": ended} if restarts else {},
        }  # fmt: skip
        yes = "False" if is_down else "True"
        now = stamp()
        self.cluster.patch_status(self.cluster.pod_path(name), {
            "phase": "Running", "podIP": seen.ip, "hostIP": "127.0.0.1",
            "startTime": seen.started_at, "containerStatuses": [container],
            "conditions": [
                {"type": kind, "status": status, "lastTransitionTime": now}
                for kind, status in (("Initialized", "True"), ("Ready", yes),
                                     ("ContainersReady", yes), ("PodScheduled", "True"))
            ],
        })  # fmt: skip

    def _event(self, pod: str, reason: str, message: str) -> None:
        now = stamp()
        space = self.cluster.namespace
        self.cluster.create(f"/api/v1/namespaces/{space}/events", {
            "metadata": {"generateName": f"{pod}."}, "type": "Warning", "reason": reason,
            "message": message, "count": 1, "firstTimestamp": now, "lastTimestamp": now,
            "source": {"component": "kubelet"},
            "involvedObject": {"kind": "Pod", "name": pod, "namespace": space},
        })  # fmt: skip


def _cores(text: str) -> str:
    """Read a CPU quantity: ``500m`` is 0.5 cores."""
    return str(float(text[:-1]) / 1000) if text.endswith("m") else str(float(text))
