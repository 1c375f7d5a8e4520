"""Recordings changed in ways that must not matter: each changes what it says, and nothing else."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from sre_workspace.evaluation.perturbing import PERTURBATIONS, perturb
from sre_workspace.evaluation.running import run_case
from sre_workspace.evaluation.variants import FULL, PERTURBED
from telemetry.adapters.recorded import Recording, open_recording
from telemetry.types import service
from tests.agents.captured_shop import write_captured
from tests.agents.clusters import Shop

pytestmark = pytest.mark.unit
BY_SLUG = {variant.perturbation: variant for variant in PERTURBED}


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A shop whose orders cannot pull their image, with a minute of latencies."""
    shop = Shop()
    shop.breaks("orders", phase="ImagePullBackOff", reason="ImagePullBackOff")
    shop.event("orders", "Failed", 'Failed to pull image "registry.test/orders:1": not found')
    path = write_captured(shop, tmp_path)
    found = json.loads(path.read_text())
    rows = [f"2026-05-04 11:{minute:02d}:00,{20 + minute % 3}" for minute in range(60)]
    found["metrics_csv"] = "\n".join(["time,web-p50latency", *rows])
    path.write_text(json.dumps(found))
    return path


def changed(path: Path, name: str) -> Recording:
    return perturb(open_recording(path), name, "a case").recording


@pytest.mark.parametrize("name", sorted(set(PERTURBATIONS) - {"no-events", "no-manifests"}))
def test_a_clear_fault_is_told_all_the_same(case: Path, name: str) -> None:
    plain, found = run_case(case, FULL), run_case(case, BY_SLUG[name])
    first = (found.causes[0].resource, found.causes[0].fault_class)
    assert first == (plain.causes[0].resource, plain.causes[0].fault_class)
    assert first == ("service/orders", "image_not_found")


@pytest.mark.parametrize("name", sorted(PERTURBATIONS))
def test_the_same_names_change_the_same(case: Path, name: str) -> None:
    one, two = (run_case(case, BY_SLUG[name]) for _ in range(2))
    assert (one.verdict, one.causes, one.affected) == (two.verdict, two.causes, two.affected)


def test_no_old_name_is_left_and_every_new_one_leads_back(case: Path) -> None:
    found = perturb(open_recording(case), "renamed", "a case")
    text = repr(found.recording.data.cluster) + repr(found.recording.data.graph)
    assert not re.search(r"(?<![a-z])(web|orders|stock-db)(?![a-z])", text)
    assert set(found.originals.values()) >= {"web", "orders", "stock-db"}
    new = next(n for n, old in found.originals.items() if old == "stock-db")
    assert new.endswith("-db")
    assert found.original(str(service(new))) == "service/stock-db"


def test_noise_and_size_change_values_and_losses_change_counts(case: Path) -> None:
    def latencies(recording: Recording) -> np.ndarray:
        (one,) = recording.data.series or ()
        return one.values

    plain = latencies(open_recording(case))
    noisy, scaled, thinned = (latencies(changed(case, n)) for n in ("noisy", "scaled", "thinned"))
    assert 0.02 < np.std(noisy / plain) < 0.3
    assert np.ptp(scaled / plain) < 1e-9
    assert 0.5 <= scaled[0] / plain[0] <= 2
    assert 0.4 * len(plain) < len(thinned) < len(plain)


@pytest.mark.parametrize(("name", "sign"), [("late", 1), ("early", -1)])
def test_the_alert_and_the_end_of_the_baseline_move_together(
    case: Path, name: str, sign: int
) -> None:
    plain, moved = open_recording(case), changed(case, name)
    by = (moved.baseline.end - plain.baseline.end).total_seconds()
    assert by * sign > 0
    assert moved.window.start == moved.baseline.end
    assert (moved.alert.starts_at - plain.alert.starts_at).total_seconds() * sign > 0


def test_what_is_taken_away_is_gone(case: Path) -> None:
    def cluster(name: str) -> object:
        return changed(case, name).data.cluster

    assert not cluster("no-events").events
    assert all(w.template is None for w in cluster("no-manifests").workloads)
    assert not cluster("no-tests").details.tests
    assert len(cluster("doubled").pods) == 2 * len(open_recording(case).data.cluster.pods)
