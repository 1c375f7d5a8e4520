"""Lanes, answers and the consensus: pure functions from rows to what a page shows."""

from datetime import UTC, datetime, timedelta

import pytest

from investigations.models import Diagnosis, Hypothesis, Incident, Investigation
from investigations.phrases import plain_rule
from investigations.presenters import lanes
from investigations.presenters.answers import answers_of
from investigations.presenters.axis import Axis
from investigations.presenters.consensus import chain_of, consensus_of, failure, plain_step
from investigations.presenters.graph import ChainStep, build_graph, draw_chain
from investigations.presenters.series import course, label_of, standing, usual_range
from investigations.presenters.timeline import build_timeline

pytestmark = pytest.mark.unit
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AXIS = Axis(NOON - timedelta(minutes=10), NOON + timedelta(minutes=10), NOON, None)


def entry(feature: str, series: str, resource: str, values: list[float], number: int = 0, **more):
    start = AXIS.start.timestamp()
    step = 1200 / len(values)
    return {
        "feature": feature, "series": series, "resource": resource, "unit": "ratio",
        "points": [[start + i * step, v] for i, v in enumerate(values)],
        "baseline_low": 0.0, "baseline_high": 0.01, "value_text": f"{values[-1]}",
        "usual_text": "0.1%", "evidence": number, **more,
    }  # fmt: skip


NOTHING = build_timeline([], [], AXIS, wanted=lanes.Wanted("checkout"))
RISING = [0.001] * 20 + [0.4] * 20
FLAT = [0.03] * 40


def test_lanes_tell_four_things_and_never_one_series_twice() -> None:
    found = lanes.choose(
        [
            entry("series_anomaly", "lab_error_ratio", "checkout", RISING, 9),
            entry("error_rise", "lab_error_ratio", "checkout", RISING, 1),
            entry("retry_amplification", "lab_edge_retry_rate", "checkout", RISING, 2, peer="bank"),
            entry("latency_rise", "lab_latency_p99_seconds", "bank", RISING, 3),
            entry("latency_rise", "lab_latency_p99_seconds", "cart", FLAT, 4, is_calm=True),
            entry("cpu_saturation", "lab_cpu_utilisation_ratio", "bank", RISING, 5),
        ],
        lanes.Wanted("checkout", "error_ratio", "bank", (2, 3), NOON.timestamp()),
    )
    shown = [lanes.present(e, AXIS) for e in found]
    assert [(x.label, x.resource) for x in shown] == [
        ("error rate", "checkout"), ("retries / s", "checkout → bank"), ("p99 latency", "bank"),
        ("p99 latency", "cart"),
    ]  # fmt: skip
    assert [x.note for x in shown][-1] == "in range"


def test_a_flat_small_rate_looks_small_on_its_lane() -> None:
    lane = lanes.present(entry("error_rise", "error_ratio", "payments", [0.004] * 40), AXIS)
    heights = {float(p.split(",")[1]) for p in lane.points.split()}
    assert min(heights) > lanes.HEIGHT / 2
    assert lane.note == "in range"


def heights_of(values: list[float], **more: float) -> list[float]:
    made = entry("memory_ramp", "lab_memory_working_set_bytes", "cart", values, **more)
    return [float(p.split(",")[1]) for p in lanes.present(made, AXIS).points.split()]


def test_memory_that_grows_by_half_climbs_its_lane_and_its_noise_does_not() -> None:
    calm = [262e6 + 1e6 * (n % 3) for n in range(40)]
    leak = heights_of([*calm[:20], *(262e6 + 12e6 * n for n in range(20))])
    assert max(leak) - min(leak) > 0.7 * lanes.HEIGHT
    flat = heights_of(calm)
    assert max(flat) - min(flat) < 0.2 * lanes.HEIGHT


def test_labels_are_words_that_people_use() -> None:
    assert label_of("series_anomaly", "lab_error_ratio") == "error rate"
    assert label_of("latency_rise", "http_server_duration") == "p99 latency"
    assert label_of("series_anomaly", "node_load1") == "node load1"


@pytest.mark.parametrize(
    ("latest", "expected"), [(1.1, "in range"), (9.0, "9.0x base"), (400.0, "base 1 s"), (0.1, "base 1 s")]
)  # fmt: skip
def test_standing_of_a_value(latest: float, expected: str) -> None:
    assert standing("p99 latency", latest, 0.8, 1.2, "1 s") == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 2, 3, 4, 5, 6, 7, 8, 9], "worse"), ([9, 9, 9, 9, 9, 9, 9, 9, 9], "steady"),
     ([9, 9, 9, 9, 8, 7, 5, 4, 3], "easing"), ([9, 9, 9, 9, 9, 9, 0.1, 0.1, 0.1], "back"), ([9], "")],
)  # fmt: skip
def test_course_of_an_impact(values: list[float], expected: str) -> None:
    points = [(float(i), float(v)) for i, v in enumerate(values)]
    assert course(points, since=0, low=0.0, high=0.2) == expected
    # More pods than usual hurt nobody; fewer do.
    well = course(points, since=0, low=0.0, high=0.2, label="pods ready")
    assert well == (expected and "back")
    fewer = course(points, since=0, low=10.0, high=10.0, label="pods ready")
    assert fewer == course(points, since=0, low=10.0, high=10.0)


def test_usual_range_is_of_before_the_impact() -> None:
    points = [(float(i), 1.0) for i in range(10)] + [(10.0 + i, 50.0) for i in range(30)]
    low, high = usual_range(points, before=10, fallback=(0, 99))
    assert low <= 1 <= high < 2


def test_a_rule_that_was_not_met_is_a_sentence() -> None:
    rule = {"name": "Probability at least 60%", "detail": "41%", "passed": False}
    assert failure(rule) == "The strongest lead reaches 41%; a verdict needs 60%."
    unknown = {"name": "Likelier than something else", "detail": "45% against 55%", "passed": False}
    assert failure(unknown).startswith("A cause that nobody has named is likelier")
    assert failure({"name": "New rule", "detail": "x", "passed": False}) == "Not met: New rule (x)."


def test_a_symptom_within_one_sample_of_its_cause_is_not_called_earlier() -> None:
    def chain(seconds: float):
        links = [
            {"resource": f"service/{name}", "label": name, "onset_at": at.isoformat(), "evidence": 1,
             "is_inferred": False}
            for name, at in (("db", NOON), ("web", NOON - timedelta(seconds=seconds)))
        ]  # fmt: skip
        run = Investigation(pk=1, scope={"step_seconds": 5.0})
        return [
            (x.is_late, x.apart) for x in chain_of(Diagnosis(causal_chain=links, investigation=run))
        ]

    assert chain(-3) == [(False, None), (False, None)]
    assert chain(2) == [(False, None), (False, 5.0)]
    assert chain(9) == [(False, None), (True, None)]


def test_an_agent_is_never_on_both_sides() -> None:
    said = [{"agent": "network", "text": "no loss", "evidence": 5},
            {"agent": "database", "text": "no locks", "evidence": 6}]  # fmt: skip
    diagnosis = Diagnosis(verdict="likely_cause", confidence=0.8, summary="x", dissent=said,
                          agreement=["deployment", "network"])  # fmt: skip
    found = consensus_of(diagnosis, {}, spoken=("network", "database", "deployment", "resource"))
    assert found is not None
    assert (found.agree, [(d.name, d.evidence) for d in found.in_part]) == (
        "Deploy", [("Network", 5)],
    )  # fmt: skip
    assert [(d.name, d.evidence) for d in found.disagree] == [("Database", 6)]
    assert [d.evidence for d in found.dissent] == [5, 6]
    assert found.abstains == "Resource"


def test_what_led_and_was_ruled_out_since_leads_no_more() -> None:
    led = Hypothesis(number=3, claim="pool", state="ruled_out", ruled_out_by="person/mira: no")
    for verdict in ("likely_cause", "inconclusive"):
        diagnosis = Diagnosis(verdict=verdict, confidence=0.8, summary="No cause found. Lead: pool",
                              hypothesis=led)  # fmt: skip
        found = consensus_of(diagnosis, {}, spoken=())
        assert found is not None
        assert found.overruled == "H3, which led, has been ruled out since: mira: no"
        told = answered(Incident(state="open"), diagnosis)
        assert (told.verdict, told.cause) == ("None stands now", found.overruled)


def answered(incident: Incident, diagnosis: Diagnosis | None, *actions: dict[str, object], **more):
    run = Investigation(incident=incident, state="concluded")
    return answers_of(
        incident,
        run,
        diagnosis,
        NOTHING,
        actions,
        now=NOON,
        **more,
    )


def test_who_is_affected_is_told_by_evidence_and_alerts_once_each() -> None:
    incident = Incident(state="open", resource="service/x", title="x", symptom="x is slow")
    found = Diagnosis(
        verdict="inconclusive", summary="", happening="x is slow. Also affected: cart."
    )
    alerting = ("service/cart", "service/shop", "service/x", "")
    told = answered(incident, found, alerting=alerting).happening
    assert told == "x is slow. Also affected: cart, shop."
    assert answered(incident, found).happening == "x is slow. Also affected: cart."
    assert answered(incident, None, alerting=("service/x",)).happening == "x is slow"
    incident.state = "resolved"
    assert answered(incident, found).happening == "x is slow. Was also affected: cart."


def test_failed_requests_are_told_first_and_have_a_lane_until_they_are_over() -> None:
    incident = Incident(state="open", resource="service/x", title="x", symptom="x is slow")
    wanted = lanes.Wanted("x", "latency_p99_seconds", "x", (2, 3), NOON.timestamp())

    def told(*errors: dict[str, object]) -> tuple[str, list[str]]:
        series = [
            entry("latency_rise", "lab_latency_p99_seconds", "x", RISING, 1, value_text="2.8 s"),
            entry("pool_wait_rise", "lab_db_pool_wait_seconds", "x", RISING, 2),
            entry("pool_saturation", "pool", "x", RISING, 3),
            entry("cpu_saturation", "lab_cpu_utilisation_ratio", "x", RISING, 4),
            *errors,
        ]
        timeline = build_timeline(series, [], AXIS, wanted=wanted)
        run = Investigation(incident=incident, state="concluded")
        answers = answers_of(incident, run, None, timeline, (), now=NOON)
        return answers.happening, [lane.label for lane in timeline.lanes]

    shop = entry("error_rise", "lab_error_ratio", "shop", RISING, 5, value_text="40%")
    own = entry("error_rise", "lab_error_ratio", "x", RISING, 6, value_text="39%")
    said, labels = told(shop)
    assert (
        said
        == "40% of requests to shop fail (usually 0.1%). P99 latency 2.8 s (usually 0.1%) on x."
    )
    assert labels[:2] == ["p99 latency", "error rate"]
    assert told(shop, own)[0].startswith("39% of requests to x fail"), "the symptom's own first"
    over = entry(
        "error_rise", "lab_error_ratio", "x", [*RISING, *[0.001] * 9], 6, value_text="0.1%"
    )
    assert "fail" not in told(over)[0]
    # What somebody's guess looked for, and is as usual, is not what is happening.
    calm = entry("disk_near_full", "lab_disk_used_ratio", "x", [0.005] * 40, 7, is_calm=True)
    timeline = build_timeline([over, calm], [], AXIS, wanted=lanes.Wanted("x"))
    run = Investigation(incident=incident, state="concluded")
    assert "disk" not in answers_of(incident, run, None, timeline, (), now=NOON).happening, (
        "only the symptom is told when it is in range"
    )


def test_what_counts_as_mitigated_while_an_action_is_verified_says_so() -> None:
    incident = Incident(state="mitigated", mitigated_at=NOON, resource="service/x", title="x")
    action = {"number": 1, "title": "Roll back", "state": "verifying"}
    assert answered(incident, None, action).trend == (
        "Counts as mitigated since 12:00Z, but A1 is still being verified."
    )
    assert (
        answered(incident, None, {**action, "state": "succeeded"}).trend == "Mitigated at 12:00Z."
    )


def test_a_treatment_that_did_not_help_casts_doubt_on_its_cause() -> None:
    led = Hypothesis(number=2, claim="pool", state="leading")
    diagnosis = Diagnosis(verdict="likely_cause", confidence=0.99, summary="x", hypothesis=led)
    incident = Incident(state="open", title="x", resource="service/x")
    vain = {"number": 1, "title": "Raise", "state": "undone", "treats": 2,
            "helped": False, "result": "In any words."}  # fmt: skip
    told = answered(incident, diagnosis, vain)
    assert told.doubt == "A1, made for H2, did not help: doubt it. Its number does not count that."
    twice = {**vain, "number": 3, "state": "failed"}
    assert answered(incident, diagnosis, twice, vain).doubt.startswith("A1 and A3, made for H2,")
    for other in (
        {**vain, "treats": 1},
        {
            **vain,
            "state": "undone",
            "helped": None,
            "result": "It did not help: nobody measured it.",
        },
        {**vain, "state": "proposed", "result": ""},
        {"number": 1, "title": "Raise", "state": "undone"},  # Written before this was kept.
    ):
        assert answered(incident, diagnosis, other).doubt == ""
    helped = {**vain, "number": 2, "state": "succeeded", "helped": True}
    assert answered(incident, diagnosis, helped, vain).doubt == ""
    assert answered(incident, None, vain).doubt == ""


def step(key: str, evidence: int | None = 1, *, is_late: bool = False) -> ChainStep:
    return ChainStep(key, "slow", evidence, evidence is None, is_late)


def test_the_map_has_callers_on_the_left_and_the_chain_has_its_cause_there() -> None:
    chain = (step("database/db"), step("service/api", None), step("service/web", 2))
    found = build_graph(
        [("service/web", "service/api"), ("service/api", "database/db")],
        chain=chain, symptom="service/web", affected={"service/api": ("p99 of api rose", 7)},
    )  # fmt: skip
    places = {n.title: (n.x, n.part) for n in found.nodes}
    assert places["web"][0] < places["api"][0] < places["db"][0]
    assert [places[n][1] for n in ("db", "api", "web")] == ["cause", "chain", "symptom"]
    assert {x.text: (x.is_chain, x.is_inferred) for x in found.links} == {
        "web calls api": (True, False), "api calls db": (True, True),
    }  # fmt: skip
    figure = draw_chain(chain)
    assert [box.title for box in figure.boxes] == ["db", "api", "web"]
    assert [box.x for box in figure.boxes] == sorted({box.x for box in figure.boxes})
    assert [bool(box.arrow) for box in figure.boxes] == [False, True, True]


def test_of_many_services_what_the_incident_touches_is_drawn() -> None:
    edges = [("service/web", f"service/s{i}") for i in range(40)]
    edges += [("service/s3", "database/db"), ("service/s4", "database/db"), ("service/s9", "x/far")]
    chain = (step("database/db"), step("service/s3", 2))
    affected = {"service/s7": ("p99 of s7 rose", 7)}
    few = build_graph(edges, chain=chain, symptom="service/s3", affected=affected)
    assert {n.title for n in few.nodes} == {"db", "s3", "s4", "s7", "web"}
    assert (few.hidden, few.total) == (38, 43)
    whole = build_graph(edges, chain=chain, symptom="service/s3", affected=affected, is_whole=True)
    assert (len(whole.nodes), whole.hidden) == (43, 0)
    places = {n.title: (n.x, n.y) for n in whole.nodes}
    beside = sorted(y for x, y in places.values() if x == places["s3"][0])
    assert {places["s3"][1], places["s7"][1], places["web"][1]} <= {*beside[:2], 12}


def test_calls_in_a_circle_are_drawn_once_and_end() -> None:
    found = build_graph(
        [("service/a", "service/b"), ("service/b", "service/a")], chain=(), symptom="service/a",
        affected={},
    )  # fmt: skip
    assert {n.title for n in found.nodes} == {"a", "b"}
    assert len(found.links) == 2


def test_a_graph_has_at_most_sixty_nodes_nearest_first() -> None:
    edges = [(f"service/n{i}", f"service/n{i + 1}") for i in range(100)]
    found = build_graph(edges, chain=(), symptom="service/n0", affected={}, is_whole=True)
    assert len(found.nodes) == 60
    assert found.hidden == 41
    assert "n99" not in {n.title for n in found.nodes}


def test_a_rule_that_was_not_met_is_told_as_a_sentence() -> None:
    assert plain_step("Not met: A candidate exists (No finding points to a cause.).") == (
        "No finding points to a cause."
    )
    assert "reaches 41%" in plain_step("Not met: Probability at least 60% (41%).")
    assert plain_step("Connect or repair: logs.") == "Connect or repair: logs."


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("latency rise (self): predicted", "latency rise (its own): there, as predicted"),
        ("edge error rise (edge in): looked for, not there",
         "calls fail (on calls to it): looked for, not there"),
        ("error rise (callers)", "errors rise (of its callers)"),
        ("a person's words (self-made)", "a person's words (self-made)"),
    ],
)  # fmt: skip
def test_a_rule_says_where_it_looked_in_words(rule: str, told: str) -> None:
    assert plain_rule(rule) == told
