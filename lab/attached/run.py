"""The attached lab from start to end: cluster, history, then step by step with the clock."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.attached.api import ApiError, Cluster
from lab.attached.exporter import Exporter
from lab.attached.kubelet import Kubelet
from lab.attached.manifests import heartbeat, register_nodes
from lab.attached.ports import serve_logs, serve_metrics
from lab.world import BACKFILL_STEPS, LabWorld

SYNC_SECONDS = 0.4
HEARTBEAT_SECONDS = 10.0
HISTORY_EVERY_STEPS = 2
START_DEADLINE_SECONDS = 90.0
# The name of the scrape job that goes on where the history ends.
JOB = "lab"


class NotReady(Exception):
    """The cluster did not come up with the lab's pods in time."""


@dataclass(frozen=True, slots=True)
class AttachedOptions:
    """Where the attached lab finds and offers things.

    Attributes:
        history: A file for half an hour of history in OpenMetrics, for ``promtool tsdb
            create-blocks-from openmetrics``; none: no history is written.
    """

    kubeconfig: str
    namespace: str = "prod"
    metrics_port: int = 9105
    kubelet_port: int = 10251
    seed: int = 1
    history: Path | None = None


class AttachedLab:
    """A world whose pods are those of a real API server."""

    def __init__(self, options: AttachedOptions) -> None:
        self.options = options
        self.world = LabWorld(seed=options.seed)
        self.cluster = Cluster(options.kubeconfig, namespace=options.namespace)
        self.kubelet = Kubelet(self.world, self.cluster)
        self.exporter = Exporter(self.world, options.namespace)
        self._ended = threading.Event()

    def start(self) -> None:
        """Register nodes, create the Deployments, wait for their pods, fill in the history.

        Raises:
            NotReady: The pods were not all up within 90 seconds.
            ApiError: The API server refused something.
        """
        register_nodes(self.cluster, self.options.kubelet_port, _now_text())
        heartbeat(self.cluster, _micro_text())
        self.kubelet.create_workloads()
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        while not self.kubelet.sync():
            if time.monotonic() > deadline:
                raise NotReady("Not every pod of the lab is running: is the scheduler?")
            self.kubelet.report()
            time.sleep(SYNC_SECONDS)
        self.kubelet.report()
        self._fill_in()
        serve_metrics(self.exporter, self.options.metrics_port)
        serve_logs(self.kubelet, self.options.kubelet_port)

    def _fill_in(self) -> None:
        world = self.world
        world.anchor = datetime.now(UTC) - timedelta(seconds=BACKFILL_STEPS * 2)
        out = self.options.history.open("w", encoding="utf-8") if self.options.history else None
        labels = {"job": JOB, "instance": f"127.0.0.1:{self.options.metrics_port}"}
        for step in range(1, BACKFILL_STEPS + 1):
            world.run_to(step)
            self.exporter.catch_up()
            if out is not None and step % HISTORY_EVERY_STEPS == 0:
                out.write(self.exporter.text(at=world.at(step).timestamp(), scraped_as=labels))
        if out is not None:
            out.write("# EOF\n")
            out.close()

    def run(self, *, on_error: Callable[[str], None]) -> None:
        """Go on with the clock until :meth:`stop`; a fault of the API server is told and passed."""
        beat = 0.0
        while not self._ended.wait(SYNC_SECONDS):
            try:
                if time.monotonic() - beat > HEARTBEAT_SECONDS:
                    heartbeat(self.cluster, _micro_text())
                    beat = time.monotonic()
                self.kubelet.sync()
                with self.world.lock:
                    self.world.advance_to(datetime.now(UTC))
                    self.exporter.catch_up()
                self.kubelet.report()
            except ApiError as error:
                on_error(str(error))

    def stop(self) -> None:
        """Let :meth:`run` return."""
        self._ended.set()


def _now_text() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_text() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
