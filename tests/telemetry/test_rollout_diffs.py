"""What the change feed of a cluster tells is read by the same detector as a commit."""

import pytest

from agents.detectors.diff_readings import review
from telemetry.adapters.kubernetes.rollouts import diff_of

pytestmark = pytest.mark.unit


def template(pool: str, memory: str, *, path: str = "/ready", delay: int = 30):
    return {"spec": {"containers": [{
        "name": "shop", "image": "registry.example/shop:1.4",
        "args": ["--port=8080"],
        "env": [{"name": "DB_POOL_SIZE", "value": pool}, {"name": "REGION", "value": "eu"}],
        "resources": {"limits": {"memory": memory}},
        "livenessProbe": {"httpGet": {"path": path}, "initialDelaySeconds": delay},
    }]}}  # fmt: skip


def test_a_pod_templates_change_is_read() -> None:
    found = {
        r.family: r.sentence
        for r in review(diff_of(template("40", "1Gi"), template("2", "64Mi"))).readings
    }
    assert found["pool"] == "lowers a pool from 40 to 2"
    assert found["memory"] == "lowers a memory limit from 1 GiB to 64 MiB"


def test_an_impatient_probe_is_read() -> None:
    found = review(diff_of(template("4", "1Gi"), template("4", "1Gi", delay=1)))
    assert "probe" in {r.family for r in found.readings}
