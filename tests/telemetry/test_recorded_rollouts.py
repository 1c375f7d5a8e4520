"""Recordings of rollouts with what each pod's calls looked like."""

import csv
import gzip
import json

import pytest

from telemetry.adapters.recorded import open_recording
from telemetry.types import TEMPLATE_HASH, Semantic, service

pytestmark = pytest.mark.unit
DETECTED = 1_700_000_400
OLD, GONE, NEW = "cart-v1-5d7f9c6b8d-bbbbb", "cart-v1-5d7f9c6b8d-ccccc", "cart-v2-6c8c7d5f9b-ddddd"
HEADER = ("timestamp", "pod", "source", "destination", "success_rate", "cpu_usage_pct",
          "memory_usage_pct", "node_cpu_pct", "node_memory_pct", "latency_s")  # fmt: skip


@pytest.fixture
def recording(tmp_path):
    rows = []
    for minute in range(-15, 10):
        at = DETECTED + 60 * minute
        rows += [(at, pod, "front", "cart", success, 10, 20, 5, 5, 0.01)
                 for pod, success in ((OLD, 100), (GONE, 100 if minute < 0 else 40))]  # fmt: skip
        # The pod's own calls to others are no requests that it took.
        rows.append((at, OLD, "cart", "stock", 0, 10, 20, 5, 5, 9.0))
        if minute >= 0:
            rows.append((at, NEW, "front", "cart", 40, 10, 20, 5, 5, 0.01))
    with gzip.open(tmp_path / "edge_metrics.csv.gz", "wt", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    (tmp_path / "dependency.csv").write_text("Source,Target,Weight\nfront,cart,1\ncart,stock,1\n")
    rolled = {"service": "cart", "time": DETECTED - 60, "new_version_replicas": 1,
              "target_replicas": 2, "pods_created": [NEW], "pods_deleted": [GONE]}  # fmt: skip
    head = {"detected_at": DETECTED, "observed_until": DETECTED + 600, "rollouts": [rolled]}
    (tmp_path / "incident.json").write_text(json.dumps(head))
    return open_recording(tmp_path)


def by_pod(recording):
    answer = recording.sources.metrics.read_semantic(
        [service("cart")], [Semantic.ERROR_RATIO], recording.window, step_seconds=10, by_pod=True
    )
    return {dict(s.ref.labels)["pod"]: s for s in answer.data}


def test_each_pod_has_a_series_of_the_requests_that_it_took(recording) -> None:
    found = by_pod(recording)
    assert found[OLD].values.max() == 0
    assert found[NEW].values.min() == pytest.approx(0.6)


def test_what_is_told_of_a_deleted_pod_is_another_pods(recording) -> None:
    assert by_pod(recording)[GONE].times.max() <= DETECTED - 60 + 30


def test_a_rollout_names_the_pods_of_its_version(recording) -> None:
    change = recording.data.changes[0]
    assert f"-{dict(change.attributes)[TEMPLATE_HASH]}-" in NEW


def test_series_of_services_are_not_told_by_pod(recording) -> None:
    answer = recording.sources.metrics.read_semantic(
        [service("cart")], [Semantic.ERROR_RATIO], recording.window, step_seconds=10
    )
    assert all(s.ref.labels == () for s in answer.data)
