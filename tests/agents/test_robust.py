"""What is worked out often is worked out fast, and to the same end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.detectors.robust import median, quantile_above, quantiles
from agents.specialists.metric_findings import sample_of
from telemetry.types import Series, SeriesRef, TopologyEdge, TopologyGraph, service

ANY = st.floats(-1e9, 1e9)


@given(arrays(np.float64, st.integers(1, 40), elements=ANY))
def test_the_median_is_the_median(values) -> None:
    kept = values.copy()
    assert median(values) == pytest.approx(float(np.median(values)), rel=1e-12, abs=1e-12)
    assert np.array_equal(values, kept)


@given(arrays(np.float64, st.integers(1, 40), elements=ANY), st.floats(0.0, 1.0))
def test_quantiles_are_quantiles(values, share) -> None:
    shares = (0.25, 0.5, 0.75, share)
    assert quantiles(values, shares) == tuple(float(np.quantile(values, s)) for s in shares)
    assert quantile_above(values, share) == float(np.quantile(values, share, method="higher"))


def test_the_median_of_nothing_is_not_a_number() -> None:
    assert np.isnan(median(np.array([])))


@given(arrays(np.float64, st.integers(1, 119), elements=ANY | st.just(float("nan"))))
def test_a_sample_has_six_digits_and_gaps(values) -> None:
    times = np.arange(len(values)) * 15.0 + 1_700_000_000.06
    series = Series(SeriesRef(service("a"), "latency", unit="s"), times, values)
    sample = sample_of(series, "s")
    expected = [None if np.isnan(v) else float(f"{v:.6g}") for v in values]
    assert [v is None for v in sample["values"]] == [v is None for v in expected]
    for kept, wanted in zip(sample["values"], expected, strict=True):
        assert kept is wanted or kept == pytest.approx(wanted, rel=1.1e-6, abs=1e-17)
    assert sample["times"][0] == 1_700_000_000.1


def test_short_values_stay_short() -> None:
    values = np.array([0.1, 0.3, 1 / 3, 0.0, -2.5, 123456789.0, 4.2e-9])
    sample = sample_of(Series(SeriesRef(service("a"), "x"), np.arange(7.0), values), "")
    assert sample["values"] == [0.1, 0.3, 0.333333, 0.0, -2.5, 123457000.0, 4.2e-9]


def test_a_short_excursion_after_a_long_baseline_stays_in_the_sample() -> None:
    times = np.arange(2_000) * 60.0
    values = np.where((times >= 118_800) & (times < 119_100), 42.0, 13.0)
    series = Series(SeriesRef(service("a"), "latency", unit="ms"), times, values)
    sample = sample_of(series, "ms", since=118_500.0)
    assert max(sample["values"]) == 42.0
    assert len(sample["times"]) <= 120
    assert sample["times"] == sorted(sample["times"])
    assert sample["times"][-1] == times[-1]
    # Averaged over equal parts it would hardly show.
    assert max(sample_of(series, "ms")["values"]) < 30.0
    # Where the window is longer than its share, both parts are thinned.
    assert len(sample_of(series, "ms", since=600.0)["times"]) <= 120


def test_a_graph_tells_neighbours_both_ways_and_once() -> None:
    a, b, c = service("a"), service("b"), service("c")
    graph = TopologyGraph(
        edges=(TopologyEdge(a, c), TopologyEdge(a, b), TopologyEdge(a, c, source="metrics"))
    )
    assert graph.callees(a) == (b, c)
    assert graph.callers(c) == (a,)
    assert graph.callers(a) == graph.callees(c) == ()
    assert graph == TopologyGraph(edges=graph.edges)


def test_no_rise_shows_before_it_began() -> None:
    times = np.arange(0.0, 6000.0, 10.0)
    series = Series(SeriesRef(service("a"), "x"), times, np.where(times >= 3005.0, 9.0, 1.0))
    sample = sample_of(series, "")
    assert len(sample["times"]) == 120
    assert sample["times"][-1] == 5990.0
    risen = [t for t, v in zip(sample["times"], sample["values"], strict=True) if v > 1.0]
    assert risen[0] >= 3005.0
