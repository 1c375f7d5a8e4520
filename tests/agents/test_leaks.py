"""A leak seen in saw teeth: of one series, of pods that are killed at different times, and mended."""

from datetime import timedelta

import numpy as np
import pytest

from agents.case import Symptom
from agents.detectors.trends import find_ramp
from agents.engine import investigate
from agents.scoping import build_case
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.ask import guarded
from telemetry.types import (
    ChangeEvent,
    ChangeKind,
    ClusterState,
    PodState,
    Semantic,
    Series,
    SeriesRef,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
    WorkloadState,
)
from tests.agents.tracing import CART, FRONT, NOW

pytestmark = pytest.mark.unit
WINDOW = TimeWindow(NOW - timedelta(minutes=10), NOW + timedelta(minutes=1))
BASELINE = TimeWindow(NOW - timedelta(minutes=30), WINDOW.start)
TIMES = np.arange(BASELINE.start.timestamp(), WINDOW.end.timestamp(), 10.0)
ROLLED_OUT = NOW - timedelta(minutes=9)
LIMIT, USUAL, CYCLE = 512e6, 260e6, 180.0


def memory(*, phase: float = 0.0, until: float = np.inf, leaks: bool = True, seed: int = 1):
    """Return a pod's memory: from the rollout on it climbs to its limit and falls, again and again."""
    since = TIMES - ROLLED_OUT.timestamp()
    saw = ((since + phase) % CYCLE) / CYCLE * (LIMIT - USUAL)
    noise = 1 + 0.006 * np.random.default_rng(seed).standard_normal(len(TIMES))
    return (USUAL + np.where((since > 0) & (since < until) & leaks, saw, 0.0)) * noise


def test_saw_teeth_are_a_ramp_that_goes_on() -> None:
    ramp = find_ramp(TIMES, memory(), min_growth=0.3)
    assert ramp is not None
    assert ramp.ended is None
    assert ramp.per_second == pytest.approx((LIMIT - USUAL) / CYCLE, rel=0.1)


def test_a_leak_that_was_mended_has_ended() -> None:
    ramp = find_ramp(TIMES, memory(until=400.0), min_growth=0.3)
    assert ramp is not None
    assert ramp.ended is not None
    assert ramp.ended <= ROLLED_OUT.timestamp() + 400
    assert find_ramp(TIMES, memory(leaks=False), min_growth=0.3) is None


@pytest.mark.parametrize("phases", [(0.0, 0.0, 0.0), (0.0, 60.0, 120.0), (90.0, 20.0, 150.0)])
def test_a_leak_is_named_however_its_pods_are_killed(phases) -> None:
    pods = [memory(phase=phase, seed=seed) for seed, phase in enumerate(phases)]
    errors = np.where(NOW.timestamp() - 20 < TIMES, 0.2, 0.001)
    names = [f"cart-{letter}" for letter in "abc"]

    def series(semantic, values, resource=CART, pod=""):
        unit = "ratio" if semantic is Semantic.ERROR_RATIO else "bytes"
        labels = (("pod", pod),) if pod else ()
        return Series(SeriesRef(resource, semantic.value, semantic, unit=unit, labels=labels),
                      TIMES, values)  # fmt: skip

    used = Semantic.MEMORY_WORKING_SET_BYTES
    data = MemoryData(
        series=[
            series(Semantic.ERROR_RATIO, errors, FRONT), series(Semantic.ERROR_RATIO, errors),
            series(used, np.max(pods, axis=0)), series(Semantic.MEMORY_LIMIT_BYTES, np.full(len(TIMES), LIMIT)),
        ],
        pod_series=[series(used, values, pod=name)
                    for name, values in zip(names, pods, strict=True)],
        graph=TopologyGraph((FRONT, CART), (TopologyEdge(FRONT, CART),)),
        changes=[ChangeEvent("c1", ROLLED_OUT, ChangeKind.DEPLOY, CART, "Release 2")],
        cluster=ClusterState(
            pods=tuple(PodState(n, "cart", "prod", "node", "Running", n != "cart-a", 2,
                                last_termination="OOMKilled", exit_code=137) for n in names),
            workloads=(WorkloadState(CART, "Deployment", 3, 2),),
        ),
    )  # fmt: skip
    symptom = Symptom(FRONT, NOW, "front fails", Semantic.ERROR_RATIO)
    case = build_case(guarded(open_memory_sources(data)), (symptom,), WINDOW, BASELINE)
    outcome = investigate(case)
    assert outcome.verdict == "likely_cause", outcome.summary
    assert (outcome.leader.cause.resource, outcome.leader.cause.fault_class) == (
        CART, "memory_leak",
    )  # fmt: skip
    assert outcome.leader.cause.change_id == "c1"
    assert outcome.treatments[0].action == "rollback"
