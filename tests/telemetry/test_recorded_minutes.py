"""Recordings in minute files of traces and logs, with a fault-free minute beside them."""

import csv
import gzip
import json

import pytest

from telemetry.adapters.recorded import open_recording
from telemetry.types import TimeWindow

pytestmark = pytest.mark.unit
DETECTED = 1_700_000_400
SPANS = ("TraceID", "SpanID", "ParentID", "PodName", "OperationName", "StartTimeUnixNano",
         "EndTimeUnixNano", "Duration")  # fmt: skip
LINES = ("Timestamp", "TimeUnixNano", "Node", "PodName", "Container", "TraceID", "SpanID", "Log")
METRICS = ("TimeStamp", "PodName", "CpuUsageRate(%)", "MemoryUsage(Mi)",
           "PodServerLatencyP99(s)", "PodWorkload(Ops)")  # fmt: skip
POD = "cart-service-5d7f9c6b8d-x2x4z"


def write(path, header, rows) -> None:
    with gzip.open(path, "wt", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def span(trace, at, seconds=0.1):
    begin = int(at * 1e9)
    return (trace, f"s-{trace}", "root", POD, "GET /cart", begin, begin + int(seconds * 1e9), 1)


def line(trace, at, text="INFO c.Cart#12 [open][Cart opened]"):
    packed = json.dumps({"log": f"{text}\n", "stream": "stdout"})
    return ("", int(at * 1e9), "n", POD, "server", trace, f"s-{trace}", packed)


@pytest.fixture
def folder(tmp_path):
    case = tmp_path / "cases" / "one"
    case.mkdir(parents=True)
    (case / "incident.json").write_text(json.dumps({"detected_at": DETECTED}))
    start = DETECTED - 180
    write(case / "pod_metrics.csv.gz", METRICS,
          [(start - 40 + 10 * i, POD, 10, 100, 0.1, 5) for i in range(20)])  # fmt: skip
    write(case / "trace_10_00.csv.gz", SPANS, [span("a", start + 5), span("b", start + 6)])
    write(case / "log_10_00.csv.gz", LINES, [line("a", start + 5.01)])
    # The seam between two minutes is in both files.
    write(case / "log_10_01.csv.gz", LINES, [line("a", start + 5.01), line("b", start + 6.01)])
    normal = tmp_path / "cases" / "normal_2023-11-14"
    normal.mkdir()
    early = start - 40_000
    # Rows lie in any order in time.
    write(normal / "09_00_trace.csv.gz", SPANS, [span("n2", early + 50), span("n1", early)])
    write(normal / "09_00_log.csv.gz", LINES, [line("n2", early + 50.01), line("n1", early + 0.01)])
    return case


def test_the_fault_free_minute_answers_for_the_baseline_spans_and_lines_alike(folder) -> None:
    found = open_recording(folder)
    sources = found.sources
    usual = sources.traces.spans([], found.baseline, limit=100).data
    assert {s.trace_id for s in usual} == {"n1", "n2"}
    lines = sources.logs.lines([], found.baseline, limit=100).data
    starts = {s.trace_id: s.start for s in usual}
    for one in lines:
        assert (one.at - starts[one.trace_id]).total_seconds() == pytest.approx(0.01, abs=1e-3)
    assert {s.trace_id for s in sources.traces.spans([], found.window).data} == {"a", "b"}


def test_a_line_in_two_minute_files_is_one_line_and_names_its_span(folder) -> None:
    found = open_recording(folder)
    lines = found.sources.logs.lines([], found.window).data
    assert [(one.trace_id, one.span_id) for one in lines] == [("a", "s-a"), ("b", "s-b")]


def test_an_even_choice_of_traces_does_not_prefer_the_slow_ones(folder) -> None:
    start = DETECTED - 180
    rows = [span(f"t{i:02}", start + i, seconds=0.1 + (i % 20 == 19)) for i in range(40)]
    write(folder / "trace_10_00.csv.gz", SPANS, rows)
    found = open_recording(folder)
    window = TimeWindow(found.window.start, found.window.end)
    worst = found.sources.traces.spans([], window, limit=10)
    even = found.sources.traces.spans([], window, limit=10, is_sample=True)
    assert sum(s.duration_seconds > 1 for s in worst.data) == 2
    assert len(even.data) == 10
    assert len({s.start.timestamp() // 10 for s in even.data}) == 4
    assert even.provenance.truncated_count == 30
