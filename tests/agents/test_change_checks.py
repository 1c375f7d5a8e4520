"""Which change is guilty: by what it does, not by who came last."""

from datetime import timedelta

import numpy as np
import pytest

from agents.case import Symptom
from agents.engine import investigate
from agents.enums import AgentName
from agents.scoping import build_case
from agents.specialists.change_checks import check_changes, check_providers
from agents.specialists.reader import Reader
from telemetry.adapters.memory import MemoryData, open_memory_sources
from telemetry.adapters.recorded.rootcausebench import carried
from telemetry.ask import guarded
from telemetry.types import (
    ChangeEvent,
    ChangeKind,
    LogLine,
    Semantic,
    Series,
    SeriesRef,
    TimeWindow,
    TopologyEdge,
    TopologyGraph,
)
from tests.agents.tracing import CART, FRONT, NOW, STOCK

pytestmark = pytest.mark.unit
WINDOW = TimeWindow(NOW - timedelta(minutes=5), NOW + timedelta(minutes=10))
BASELINE = TimeWindow(NOW - timedelta(hours=4), WINDOW.start)
TIMES = np.arange(BASELINE.start.timestamp(), WINDOW.end.timestamp(), 60.0)
UNLOCKED = """--- a/counter.go
+++ b/counter.go
@@ -8,5 +8,3 @@ func (c *Counter) Take(id string) {
-    c.mu.Lock()
-    defer c.mu.Unlock()
 c.taken[id]++
"""
TIDY = """--- a/view.go
+++ b/view.go
@@ -1,2 +1,2 @@
-// Shows it.
+// Shows the order.
"""
SHORT_TTL = "--- a/cache.yaml\n+++ b/cache.yaml\n@@ -1 +1 @@\n-  cache_ttl: 30m\n+  cache_ttl: 5s\n"
RENAMED = '--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-  "parcel_id": x.id,\n+  "parcelNumber": x.id,\n'
GRAPH = TopologyGraph((FRONT, CART, STOCK), (TopologyEdge(FRONT, CART), TopologyEdge(CART, STOCK)))


def change(name, minutes, diff, resource=CART):
    return ChangeEvent(name, NOW - timedelta(minutes=minutes), ChangeKind.DEPLOY, resource, name,
                       diff=diff)  # fmt: skip


def lines(resource, text, count=12):
    return [LogLine(NOW + timedelta(seconds=10 * i), resource, "error", text) for i in range(count)]


def case_of(changes, logs, *, at=CART, graph=GRAPH):
    errors = np.where(NOW.timestamp() > TIMES, 0.001, 0.4)
    ref = SeriesRef("errors", at, "ratio", Semantic.ERROR_RATIO)
    data = MemoryData(name="t", series=[Series(ref, TIMES, errors)], logs=logs, changes=changes,
                      graph=graph)  # fmt: skip
    symptom = Symptom(at, NOW, "errors rise", Semantic.ERROR_RATIO)
    return build_case(guarded(open_memory_sources(data)), (symptom,), WINDOW, BASELINE)


def found(case, feature):
    checked = check_changes(Reader(case, AgentName.DEPLOYMENT))
    return {f.change_id: f for f in checked if f.feature == feature and f.strength and f.change_id}


RACE = "fatal error: concurrent map writes in Counter.Take (counter.go:10)"


def test_the_fitting_change_wins_over_the_latest() -> None:
    case = case_of([change("guilty", 20, UNLOCKED), change("late", 1, TIDY)], lines(CART, RACE))
    before = found(case, "deploy_before_onset")
    assert before["guilty"].strength > before["late"].strength
    assert set(found(case, "diff_matches")) == {"guilty"}
    assert "takes away a lock" in before["guilty"].claim
    assert all(f.is_tainted for f in before.values())
    leader = investigate(case).leader
    assert leader is not None
    assert (leader.cause.resource, leader.cause.change_id) == (CART, "guilty")


def test_without_a_fitting_change_none_is_named() -> None:
    case = case_of([change("late", 1, TIDY)], lines(CART, "pricing: negative amount"))
    features = {f.feature for f in check_changes(Reader(case, AgentName.DEPLOYMENT))}
    assert "changes_harmless" in features
    outcome = investigate(case)
    assert not (outcome.verdict == "likely_cause" and outcome.leader.cause.change_id)


def test_a_change_without_a_diff_counts_as_before() -> None:
    case = case_of([change("silent", 2, "")], lines(CART, RACE))
    assert found(case, "deploy_before_onset")["silent"].strength == pytest.approx(0.846, abs=0.01)
    assert not found(case, "diff_matches")


def test_what_came_long_before_counts_only_if_it_fits_and_is_slow() -> None:
    old = [change("ttl", 170, SHORT_TTL), change("lock", 170, UNLOCKED)]
    case = case_of(old, lines(CART, "cache miss; asking stock") + lines(CART, RACE))
    assert set(found(case, "deploy_before_onset")) == {"ttl"}


def test_a_caller_burdens_what_it_calls() -> None:
    slow = lines(STOCK, "slow query: SELECT * FROM items WHERE id=$1")
    case = case_of([change("ttl", 30, SHORT_TTL)], slow, at=STOCK)
    assert set(found(case, "diff_harms_others")) == {"ttl"}
    ranked = investigate(case).ranked
    assert any(
        r.cause.fault_class == "harmful_to_others" and r.cause.change_id == "ttl" for r in ranked
    )


def test_a_stranger_counts_only_if_the_errors_name_what_it_changed() -> None:
    graph = TopologyGraph((CART, STOCK), (TopologyEdge(CART, STOCK),))
    changes = [change("tidy", 1, TIDY), change("contract", 9, RENAMED, FRONT)]
    named = case_of(changes, lines(CART, "cannot decode: missing field 'parcel_id'"), graph=graph)
    assert set(found(named, "diff_harms_others")) == {"contract"}
    other = case_of(changes, lines(CART, "cannot decode: missing field 'weight'"), graph=graph)
    assert not found(other, "diff_harms_others")


def test_a_provider_in_trouble_is_told() -> None:
    text = "POST https://api.mailer.com/v1/send returned 503"
    case = case_of([change("late", 1, TIDY)], lines(CART, text))
    (finding,) = check_providers(Reader(case, AgentName.NETWORK))
    assert (finding.resource, finding.peer.name) == (CART, "api.mailer.com")


def test_a_bumped_module_brings_its_commits() -> None:
    bump = "--- a/go.mod\n+++ b/go.mod\n-\texample.org/lib/forms v0.1.0\n+\texample.org/lib/forms v0.2.0\n"
    row = {"sha": "abc", "timestamp": (NOW - timedelta(minutes=30)).isoformat(), "message": "Tidy",
           "files_changed": ["lib/forms/form.go"], "diff": RENAMED}  # fmt: skip
    later = row | {"sha": "def", "timestamp": (NOW + timedelta(hours=1)).isoformat()}
    other = row | {"sha": "ghi", "files_changed": ["lib/other/x.go"]}
    (brought,) = carried([change("bump", 5, bump)], [row, later, other])
    assert (brought.id, brought.resource, brought.diff) == ("abc", CART, RENAMED)
