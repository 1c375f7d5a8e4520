"""Recordings that lack a part: recognised by what is left, read, and the part told as missing."""

import gzip
import json

import pytest

from telemetry.adapters.recorded import detect_format, open_configured, open_recording

pytestmark = pytest.mark.unit
PARTS = {
    "nezha": {
        "pod_metrics.csv.gz": "TimeStamp,PodName,CpuUsageRate(%),MemoryUsage(Mi),"
        "PodServerLatencyP99(s),PodWorkload(Ops)\n1700000000,cart-7c9f6b5d4-abcde,5,100,0.1,3\n",
        "trace_10_00.csv.gz": "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,"
        "EndTimeUnixNano\nt,s,root,cart-7c9f6b5d4-abcde,get,1700000000000000000,"
        "1700000000100000000\n",
        "log_10_00.csv.gz": "TimeUnixNano,PodName,Log,TraceID,SpanID\n"
        "1700000000000000000,cart-7c9f6b5d4-abcde,INFO got it,t,s\n",
    },
    "rootcausebench": {
        "metrics.csv": "timestamp,service,metric,value\n2026-01-01T00:00:00Z,cart,error_rate,0.1\n",
        "logs.ndjson": '{"timestamp": "2026-01-01T00:00:00Z", "service": "cart", "msg": "slow"}\n',
        "traces.json": "[]",
        "context/commits.json": "[]",
    },
}
HOLDS = {"metrics": ("pod_metrics", "metrics"), "logs": ("log",)}
HEADS = {
    "nezha": ("incident.json", {"detected_at": 1_700_000_060}),
    "rootcausebench": ("alert.json", {"service": "cart", "metric": "error_rate",
                                      "fired_at": "2026-01-01T00:05:00Z"}),
}  # fmt: skip


def folder(tmp_path, name, parts):
    """Write a recording of a format with these of its parts."""
    head, content = HEADS[name]
    case = tmp_path / "case"
    case.mkdir()
    (case / head).write_text(json.dumps(content))
    for part in parts:
        (case / part).parent.mkdir(exist_ok=True)
        text = PARTS[name][part].encode()
        (case / part).write_bytes(gzip.compress(text) if part.endswith(".gz") else text)
    return case


@pytest.mark.parametrize(
    ("name", "only"), [(n, part) for n, parts in PARTS.items() for part in parts]
)
def test_one_part_is_enough_to_be_recognised(tmp_path, name, only) -> None:
    case = folder(tmp_path, name, [only])
    assert detect_format(case) == name
    found = open_recording(case)
    assert found.window.start < found.window.end
    for kind, data in (("metrics", found.data.series), ("logs", found.data.logs)):
        assert bool(data) == only.startswith(HOLDS[kind])


def test_a_source_can_be_left_out_of_a_recording(tmp_path) -> None:
    case = folder(tmp_path, "nezha", PARTS["nezha"])
    whole = open_configured({"kind": "recorded", "path": str(case)})
    less = open_configured({"kind": "recorded", "path": str(case), "without": "traces,logs"})
    assert None not in (whole.traces, whole.logs, less.metrics)
    assert (less.traces, less.logs) == (None, None)
