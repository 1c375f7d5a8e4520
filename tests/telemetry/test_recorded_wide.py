"""Recordings as wide tables: a node, a metric and a statistic over every column."""

import csv
import gzip
import json

import pytest

from agents.case import Symptom
from agents.engine import investigate
from agents.scoping import build_case
from telemetry.adapters.recorded import open_recording
from telemetry.ask import guarded
from telemetry.types import ResourceKind

pytestmark = pytest.mark.unit
START = 1_700_000_400
NODES = ("Shop", "Search", "lb.example.com_remote", "Table")


def table(rows):
    header = [["microservice", *NODES], ["metric", *["latency"] * 4],
              ["statistic", *["Average"] * 4]]  # fmt: skip
    return [*header, *rows]


@pytest.fixture
def folder(tmp_path):
    case = tmp_path / "cases" / "one"
    case.mkdir(parents=True)
    graph = [["", *NODES], ["Shop", 0, 1, 1, 0], ["Search", 0, 0, 0, 1],
             ["lb.example.com_remote", 0, 0, 0, 0], ["Table", 0, 0, 0, 0]]  # fmt: skip
    with (tmp_path / "graph.csv").open("w", newline="") as file:
        csv.writer(file).writerows(graph)
    usual = [[START + 300 * i, *[0.1 + 0.001 * (i % 3)] * 4] for i in range(24)]
    with gzip.open(tmp_path / "normal_metrics.csv.gz", "wt", newline="") as file:
        csv.writer(file).writerows(table(usual))
    # The table is slow, and with it all that stand before it; the balancer's address most of all.
    slow = [[START + 90_000 + 300 * i, 0.5, 0.45, 1.2, 0.4] for i in range(6)]
    with (case / "metrics.csv").open("w", newline="") as file:
        csv.writer(file).writerows(table(slow))
    target = {"node": "Shop", "metric": "latency", "agg": "Average", "timestamp": START + 90_600}
    (case / "incident.json").write_text(json.dumps({"target": target}))
    return case


def test_an_address_that_only_its_callers_report_is_not_ours(folder) -> None:
    graph = open_recording(folder).data.graph
    kinds = {r.name: r.kind for r in graph.resources}
    assert kinds["lb.example.com_remote"] is ResourceKind.EXTERNAL
    assert kinds["Search"] is ResourceKind.SERVICE


def test_the_deepest_of_ours_is_blamed_and_not_the_way_to_it(folder) -> None:
    found = open_recording(folder)
    alert = found.alert
    symptom = Symptom(alert.resource, alert.starts_at, alert.summary, alert.semantic)
    case = build_case(guarded(found.sources), (symptom,), found.window, found.baseline)
    leader = investigate(case).leader
    assert leader is not None
    assert leader.cause.resource.name == "Table"
