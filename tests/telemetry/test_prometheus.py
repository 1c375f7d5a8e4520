"""The Prometheus adapter against servers that answer badly: typed, in time, bounded."""

import json
import math
import time
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest

from telemetry.adapters.live import LiveSystems, open_live_sources
from telemetry.adapters.prometheus.api import known_part
from telemetry.adapters.prometheus.mapping import (
    BoundRule,
    Known,
    bind,
    load_mapping,
    selector,
)
from telemetry.adapters.prometheus.source import PrometheusOptions
from telemetry.ask import guarded
from telemetry.errors import QueryRejected
from telemetry.http import Credentials
from telemetry.results import ResultStatus
from telemetry.types import Semantic, TimeWindow, service
from tests.factories.servers import Answering, local_server

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WINDOW = TimeWindow(NOW - timedelta(minutes=10), NOW)
ORDERS = service("orders")
METRICS = ["http_requests_total", "http_request_duration_seconds_bucket"]


def ok(data: object) -> Answering:
    return Answering(body=json.dumps({"status": "success", "data": data}).encode())


def matrix(*rows: tuple[dict, list]) -> Answering:
    return ok({"resultType": "matrix", "result": [{"metric": m, "values": v} for m, v in rows]})


def known(path: str) -> Answering | None:
    """Answer what comes before the first real question."""
    if "__name__" in path:
        return ok(METRICS)
    if path.startswith("/api/v1/labels"):
        return ok(["service", "code", "le"])
    return None


def ask(answering: Answering, *, credentials=None, deadline: float = 2.0):
    with local_server(lambda method, path: known(path) or answering) as server:
        systems = LiveSystems(
            server.url, credentials or Credentials(), deadline_seconds=deadline,
            options=PrometheusOptions(scrape_seconds=5),
        )  # fmt: skip
        sources = guarded(open_live_sources(systems), deadline_seconds=10)
        began = time.monotonic()
        answer = sources.metrics.read_semantic(
            [ORDERS], [Semantic.REQUEST_RATE], WINDOW, step_seconds=10
        )
        return answer, time.monotonic() - began, server


ROW = ({"service": "orders"}, [[NOW.timestamp() - 20, "1.5"], [NOW.timestamp() - 10, "2"]])


@pytest.mark.parametrize(
    ("answering", "said"),
    [
        (Answering(hangs_seconds=9), "did not answer within 2 s"),
        (Answering(body=b" " * 60, piece=1, pause_seconds=0.2), "only a part within 2 s"),
        (Answering(401, b'{"error":"no such user"}'), "refused the credential (401): no such user"),
        (Answering(403, b"<html>denied</html>", "text/html"), "refused the credential (403)"),
        (Answering(422, b'{"status":"error","error":"exceeded 11000 points"}'), "11000 points"),
        (Answering(500, b"oops"), "an error of its own (500): oops"),
        (Answering(503, b'{"error":"TSDB not ready"}'), "TSDB not ready"),
        (Answering(429, b"slow down"), "(429)"),
        (Answering(body=b"<html>a login page</html>", kind="text/html"), "not JSON"),
        (Answering(body=b'{"status":"success","data":{"resul'), "not JSON"),
        (Answering(body=b'{"status":"success"}', breaks_after=8), "broke off"),
        (Answering(body=b"[]"), "no success"),
        (ok({"resultType": "vector", "result": []}), "no matrix"),
        (matrix(({"service": "orders"}, [["x"]])), "not readable"),
    ],
)
def test_a_bad_answer_is_a_result_that_says_why(answering, said) -> None:
    answer, seconds, _ = ask(answering)
    assert (answer.status, answer.data) == (ResultStatus.ERROR, ())
    assert said in answer.message
    assert seconds < 10


def test_nobody_listening_is_said_at_once() -> None:
    sources = guarded(open_live_sources(LiveSystems("http://127.0.0.1:1")))
    answer = sources.metrics.read_semantic([], [Semantic.REQUEST_RATE], WINDOW, step_seconds=10)
    assert answer.status is ResultStatus.ERROR
    assert "no connection" in answer.message


def test_no_series_is_no_data_and_nan_is_a_missing_sample() -> None:
    empty, _, _ = ask(matrix())
    assert empty.status is ResultStatus.NO_DATA
    holes, _, _ = ask(matrix(({"service": "orders"}, [[1.0, "NaN"], [11.0, "+Inf"], [21.0, "3"]])))
    values = list(holes.data[0].values)
    assert math.isnan(values[0])
    assert math.isnan(values[1])
    assert values[2] == 3.0


def test_too_many_series_are_cut_in_bounded_memory() -> None:
    rows = [({"service": f"s{n}"}, [[1.0, "1"]]) for n in range(100_000)]
    answering = matrix(*rows)
    tracemalloc.start()
    with local_server(lambda method, path: known(path) or answering) as server:
        sources = guarded(open_live_sources(LiveSystems(server.url)), deadline_seconds=10)
        answer = sources.metrics.read_semantic([], [Semantic.REQUEST_RATE], WINDOW, step_seconds=10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (answer.status, len(answer.data)) == (ResultStatus.PARTIAL, 5000)
    assert answer.provenance.truncated_count == 95_000
    assert peak < 250_000_000


def test_an_answer_beyond_the_cap_is_refused() -> None:
    answer, _, _ = ask(Answering(body=b"[" + b"0," * 13_000_000 + b"0]"), deadline=8)
    assert answer.status is ResultStatus.ERROR
    assert "larger than 24 MB" in answer.message


def test_credentials_go_along_and_never_show() -> None:
    secret = Credentials(token="tok-123456789", headers={"X-Scope-OrgID": "team-a"})
    answer, _, server = ask(matrix(ROW), credentials=secret)
    assert answer.status is ResultStatus.OK
    headers = server.asked[-1][2]
    assert headers["Authorization"] == "Bearer tok-123456789"
    assert headers["X-Scope-OrgID"] == "team-a"
    assert "tok-123456789" not in repr(secret) + str(answer)


def test_the_answer_tells_the_query_of_each_series() -> None:
    answer, _, server = ask(matrix(ROW))
    expression = 'sum by (service) (rate(http_requests_total{service=~"orders"}[20s]))'
    assert answer.provenance.query == expression
    assert answer.data[0].ref.query == expression
    assert answer.data[0].ref.resource == ORDERS
    assert b"query_range" in server.asked[-1][1].encode()


def test_one_failing_rule_leaves_the_others() -> None:
    def say(method: str, path: str) -> Answering:
        if (found := known(path)) is not None:
            return found
        turns.append(path)
        return matrix(ROW) if len(turns) % 2 else Answering(422, b'{"error":"too costly"}')

    turns: list[str] = []
    with local_server(say) as server:
        sources = guarded(open_live_sources(LiveSystems(server.url)))
        wanted = [Semantic.REQUEST_RATE, Semantic.ERROR_RATIO]
        answer = sources.metrics.read_semantic([ORDERS], wanted, WINDOW, step_seconds=10)
    assert (answer.status, len(answer.data)) == (ResultStatus.PARTIAL, 1)
    assert "too costly" in answer.message


def test_the_future_is_never_asked_for() -> None:
    now = datetime.now(UTC)
    ahead = TimeWindow(now - timedelta(minutes=5), now + timedelta(minutes=5))
    assert known_part(ahead).end <= datetime.now(UTC)
    assert known_part(WINDOW) == WINDOW


def test_names_are_quoted_for_the_pattern_and_for_the_string() -> None:
    assert selector("service", ['a"b', "c.d"]) == 'service=~"a\\"b|c\\\\.d"'
    assert selector("pod", ["a"], is_pod=True) == 'pod=~"(a)(-.*)?"'


def test_a_rule_binds_to_the_first_label_that_the_metric_has() -> None:
    found = bind(load_mapping(), Known(frozenset({"http_requests_total"}),
                                       {"http_requests_total": frozenset({"job", "status"})}))  # fmt: skip
    errors = next(b for b in found if b.rule.semantic is Semantic.ERROR_RATIO)
    assert isinstance(errors, BoundRule)
    text = errors.expression(["a"], namespaces=(), range_seconds=60)
    assert 'status=~"5.."' in text
    assert "sum by (job)" in text
    assert "$" not in text


def test_every_shipped_rule_becomes_plain_promql() -> None:
    for rule in load_mapping():
        bound = BoundRule(rule, rule.by[0], (rule.label or ("",))[0], has_namespace=True)
        text = bound.expression(["a"], namespaces=["prod"], range_seconds=60)
        assert text.count("(") == text.count(")")
        assert text.replace('"$1"', "").count("$") == 0, text
        assert 'namespace=~"prod"' in text


@pytest.mark.parametrize(
    ("text", "said"),
    [("not toml =", "not TOML"), ('[[rule]]\nsemantic = "speed"', "rule.0.semantic")],
)
def test_a_malformed_mapping_names_the_field(tmp_path, text, said) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(QueryRejected, match=said):
        load_mapping(str(path))


def test_by_pod_the_same_rules_tell_pods_apart_where_their_metric_does() -> None:
    for rule in load_mapping():
        bound = BoundRule(rule, rule.by[0], (rule.label or ("",))[0], has_pod=True)
        text = bound.expression(["a"], namespaces=(), range_seconds=60, by_pod=True)
        assert text.replace('"$1"', "").count("$") == 0, text
        assert text.count(f"by ({bound.result_label}, pod") >= 1, text
    known = {"http_requests_total": frozenset({"service", "pod"})}
    told = bind(load_mapping(), Known(frozenset(known), known))
    assert all(bound.has_pod for bound in told)
    not_told = {"http_requests_total": frozenset({"service"})}
    assert not any(b.has_pod for b in bind(load_mapping(), Known(frozenset(not_told), not_told)))


def test_series_by_pod_name_their_pod_and_their_service() -> None:
    row = {"metric": {"service": "orders", "pod": "orders-5d7f9c6b8d-bbbbb"},
           "values": [[WINDOW.start.timestamp() + 10, "2"]]}  # fmt: skip

    def say(method: str, path: str) -> Answering:
        if (found := known(path)) is not None:
            return found
        return ok({"resultType": "matrix", "result": [row]})

    with local_server(say) as server:
        sources = guarded(open_live_sources(LiveSystems(server.url)))
        answer = sources.metrics.read_semantic(
            [ORDERS], [Semantic.REQUEST_RATE], WINDOW, step_seconds=10, by_pod=True
        )
    for series in answer.data:
        assert (series.ref.resource, series.ref.labels) == (
            ORDERS, (("pod", "orders-5d7f9c6b8d-bbbbb"),)
        )  # fmt: skip
