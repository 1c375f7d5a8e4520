"""The lanes go on after the agents have looked: nobody reads old curves without being told."""

import math
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.domain import lane_reading
from agents.domain.lane_reading import ask_for_lanes, pause_of, read_lanes
from agents.domain.lanes import MAX_POINTS, show_lane, thinned
from agents.domain.posting import finding_of
from investigations.domain.board import post_entry, write_lanes
from investigations.domain.clock import database_now
from investigations.domain.incidents import change_incident_state
from investigations.domain.runs import pause_investigation, resume_investigation
from investigations.domain.visits import mark_seen
from investigations.enums import EntryKind, IncidentOrigin, IncidentState
from investigations.models import BoardEvent, Incident, Investigation
from investigations.presenters.room import build_room, room_of
from investigations.presenters.stream import typed_lines
from investigations.queries.board import board_snapshot
from investigations.queries.rows import fold, rows_at, rows_now
from lab import operations
from telemetry.backends import override_sources
from telemetry.ports import TelemetrySources
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
AFTER = timedelta(minutes=2)


def age(found: Investigation, by: timedelta) -> None:
    """The lab's history moved into the past, and with it what was looked at."""
    Investigation.objects.filter(pk=found.pk).update(window_end=found.window_end - by)
    for entry in found.entries.filter(kind=EntryKind.LANE):
        entry.data["points"] = [[t - by.total_seconds(), v] for t, v in entry.data["points"]]
        entry.save(update_fields=["data"])


@pytest.fixture
def burning(lab_incident):
    """A bad release that was found two minutes ago and goes on."""
    incident = lab_incident("bad_release_errors")
    incident.pass_time(AFTER.total_seconds())
    age(incident.investigation, AFTER)
    return incident.investigation


@pytest.fixture
def mended(lab_incident):
    """A bad release that was found, and rolled back two minutes ago."""
    incident = lab_incident("bad_release_errors")
    found = incident.investigation
    name = found.diagnoses.get().resource.partition("/")[2]
    operations.roll_back(incident.world, name, incident.world.workloads[name].current - 1)
    incident.pass_time(AFTER.total_seconds())
    age(found, AFTER)
    return found


def lanes(found) -> dict[str, dict]:
    return {e.key: e.data for e in found.entries.filter(kind=EntryKind.LANE)}


def move(found, to: IncidentState) -> None:
    change_incident_state(investigation_id=found.pk, to=to, author="system", reason="verified")


def test_lanes_go_on_to_the_recovery_and_keep_what_they_showed(mended) -> None:
    before = lanes(mended)
    move(mended, IncidentState.MITIGATED)
    written = read_lanes(mended.pk)
    assert written == len(before) > 3
    after = lanes(mended)
    for key, lane in before.items():
        assert after[key]["points"][: len(lane["points"])] == lane["points"], key
        assert len(after[key]["points"]) > len(lane["points"]) + 4, key
        times = [t for t, _ in after[key]["points"]]
        assert times == sorted(set(times)), key
        assert after[key]["baseline_high"] == lane["baseline_high"], key
    symptom = next(k for k in after if mended.incident.semantic in k)
    assert after[symptom]["points"][-1][1] <= after[symptom]["baseline_high"] * 1.5
    fresh = Investigation.objects.select_related("incident").get(pk=mended.pk)
    room = build_room(fresh, now=fresh.seen_until)
    assert room.axis.end == fresh.lanes_until > mended.window_end - AFTER
    lane = room.timeline.lanes[0]
    assert lane.is_calm
    assert timedelta(0) <= fresh.lanes_until - lane.as_of < timedelta(seconds=15)


def test_the_lane_of_a_share_goes_on_by_both_its_series(lab_incident) -> None:
    incident = lab_incident("pool_exhaustion")
    incident.pass_time(AFTER.total_seconds())
    age(incident.investigation, AFTER)
    move(incident.investigation, IncidentState.MITIGATED)
    (was,) = [v for v in lanes(incident.investigation).values() if v["feature"] == "pool_saturation"
              and not v["is_calm"]]  # fmt: skip
    assert (was["unit"], was["of"]) == ("ratio", "lab_edge_db_connections_max")
    assert was["points"][-1][1] > 0.9
    read_lanes(incident.investigation.pk)
    points = lanes(incident.investigation)[was["key"]]["points"]
    assert points[: len(was["points"])] == was["points"]
    fresh = points[len(was["points"]) :]
    assert len(fresh) > 4
    assert all(0.9 < v <= 1 for _, v in fresh)


def test_a_replay_shows_the_recovery_as_the_room_does(mended) -> None:
    was = mended.last_sequence
    move(mended, IncidentState.RESOLVED)
    read_lanes(mended.pk)
    fresh = Investigation.objects.select_related("incident").get(pk=mended.pk)
    now = fresh.lanes_until
    shown = room_of(rows_now(fresh), now=now).timeline
    assert room_of(rows_at(fresh, sequence=fresh.last_sequence), now=now).timeline == shown
    assert room_of(rows_at(fresh, sequence=was), now=now).axis.end < shown.axis.end
    last = BoardEvent.objects.filter(investigation=mended).order_by("-sequence")[0]
    assert last.kind == "lanes_read"
    assert typed_lines([last]) == []


def test_a_replay_skips_the_readings_that_later_ones_hold_whole(burning) -> None:
    first = next(iter(lanes(burning)))

    def go_on(*, only: str = "") -> None:
        row = Investigation.objects.get(pk=burning.pk)
        until = row.seen_until + timedelta(seconds=10)

        def longer(data: dict) -> dict | None:
            more = {**data, "points": [*data["points"], [until.timestamp(), 1.0]]}
            return None if only and data["key"] != only else more

        assert write_lanes(burning.pk, longer, read_from=row.seen_until, until=until) > 0

    for only in ("", "", first, "", first, first):
        go_on(only=only)
        row = Investigation.objects.get(pk=burning.pk)
        board = board_snapshot(burning.pk)
        told = {name: rows for name, rows in board.collections.items() if rows}
        assert fold(burning.pk, sequence=row.last_sequence) == told
    with CaptureQueriesContext(connection) as seen:
        fold(burning.pk, sequence=row.last_sequence)
    assert len(seen) == 2
    wanted = re.search(r'"sequence" IN \(([\d, ]+)\)', seen.captured_queries[1]["sql"])
    assert wanted is not None
    assert len(wanted[1].split(",")) == 2, "the last of the first lane, and the last of the others"


def test_nothing_is_read_twice_or_while_a_round_runs(mended) -> None:
    looked = Investigation.objects.get(pk=mended.pk).seen_until
    assert read_lanes(mended.pk) > 0
    until = Investigation.objects.get(pk=mended.pk).seen_until
    assert until > looked
    # A second message that read at the same time comes too late.
    assert write_lanes(mended.pk, dict, read_from=looked, until=until) == 0
    Investigation.objects.filter(pk=mended.pk).update(state="examining")
    assert read_lanes(mended.pk) == 0


def test_a_source_that_does_not_answer_leaves_the_lanes_and_their_time(burning) -> None:
    before, until = lanes(burning), Investigation.objects.get(pk=burning.pk).seen_until
    with override_sources(TelemetrySources()):
        assert read_lanes(burning.pk) == 0
    assert lanes(burning) == before
    assert Investigation.objects.get(pk=burning.pk).seen_until == until


def test_they_are_read_while_somebody_looks(burning) -> None:
    assert ask_for_lanes() == 0
    mira = person("mira", "viewer")
    mark_seen(person_id=mira.pk, incident_id=burning.incident_id, sequence=1, at=database_now())
    assert ask_for_lanes() == 1
    assert ask_for_lanes() == 0, "not again within the pause"
    rows = Investigation.objects.filter(pk=burning.pk)
    rows.update(lanes_read_at=database_now() - timedelta(seconds=11))
    assert ask_for_lanes() == 1
    long_ago = database_now() - timedelta(minutes=1)
    rows.update(lanes_read_at=long_ago)
    mira.visits.update(seen_at=long_ago)
    assert ask_for_lanes() == 0, "nobody looks any more"


def test_they_wait_behind_agents_at_work_but_for_an_action(burning) -> None:
    mira = person("mira", "viewer")
    mark_seen(person_id=mira.pk, incident_id=burning.incident_id, sequence=1, at=database_now())
    burning.work_items.update(state="leased", lease_until=database_now() + timedelta(minutes=1))
    pause = pause_of(database_now() - burning.incident.started_at)
    since = database_now() - pause - timedelta(seconds=5)
    Investigation.objects.filter(pk=burning.pk).update(lanes_read_at=since)
    assert ask_for_lanes() == 0
    post_entry(investigation_id=burning.pk, kind=EntryKind.ACTION, key="A1", author="system",
               data={"number": 1, "title": "Roll back", "state": "verifying"}, sentence="A1")  # fmt: skip
    assert ask_for_lanes() == 1, "its effect is waited for"


def test_they_are_read_while_an_action_is_verified(burning) -> None:
    def act(state: str) -> None:
        Investigation.objects.filter(pk=burning.pk).update(lanes_read_at=None)
        post_entry(investigation_id=burning.pk, kind=EntryKind.ACTION, key="A1", author="system",
                   data={"number": 1, "title": "Roll back", "state": state}, sentence="A1")  # fmt: skip

    for state, asked in (("proposed", 0), ("running", 1), ("verifying", 1), ("succeeded", 0)):
        act(state)
        assert ask_for_lanes() == asked, state


def test_they_are_read_for_a_while_after_the_end_and_then_no_more(mended) -> None:
    move(mended, IncidentState.RESOLVED)
    assert ask_for_lanes() == 0, "the world of a practice ends with it"
    Incident.objects.filter(pk=mended.incident_id).update(origin=IncidentOrigin.ALERT)
    following = Incident.objects.filter(pk=open_board("elsewhere").incident_id)
    here = {"resource": mended.incident.resource, "environment": mended.incident.environment}
    following.update(**here)
    assert ask_for_lanes() == 0, "what the next one does to it is no recovery of this one"
    following.update(resource="service/elsewhere")
    assert ask_for_lanes() == 1
    mira = person("mira", "viewer")
    mark_seen(person_id=mira.pk, incident_id=mended.incident_id, sequence=1, at=database_now())
    over = database_now() - lane_reading.AFTER_MENDING
    Incident.objects.filter(pk=mended.incident_id).update(resolved_at=over)
    Investigation.objects.filter(pk=mended.pk).update(lanes_read_at=None)
    assert ask_for_lanes() == 0


def test_paused_agents_a_recording_and_a_long_gap_are_left_alone(burning) -> None:
    mira = person("mira", "responder")
    mark_seen(person_id=mira.pk, incident_id=burning.incident_id, sequence=1, at=database_now())
    pause_investigation(investigation_id=burning.pk, user=mira)
    assert ask_for_lanes() == 0
    resume_investigation(investigation_id=burning.pk, user=mira)
    rows = Investigation.objects.filter(pk=burning.pk)
    telemetry = burning.telemetry
    rows.update(telemetry={"kind": "recorded"})
    assert ask_for_lanes() == 0
    rows.update(telemetry=telemetry)
    gap = lane_reading.LONGEST_GAP + timedelta(minutes=1)
    rows.update(window_start=burning.window_start - 2 * gap, window_end=burning.window_end - gap)
    assert ask_for_lanes() == 0
    rows.update(window_end=burning.window_end)
    assert ask_for_lanes() == 1


def test_with_nothing_to_do_asking_costs_four_queries(burning, django_assert_num_queries) -> None:
    with django_assert_num_queries(4):
        assert ask_for_lanes() == 0


def test_another_look_at_the_same_time_does_not_cut_a_lane_back(burning) -> None:
    piece = next(
        e for e in burning.evidence.filter(kind="metric").order_by("number")
        if any(data["evidence"] == e.number for data in lanes(burning).values())
    )  # fmt: skip
    key = next(k for k, data in lanes(burning).items() if data["evidence"] == piece.number)
    read_lanes(burning.pk)
    last = lanes(burning)[key]["points"][-1]
    finding = finding_of(piece)
    assert finding is not None
    assert max(finding.sample["times"]) - AFTER.total_seconds() < last[0]
    finding.sample["times"] = [t - AFTER.total_seconds() for t in finding.sample["times"]]
    finding.sample["values"][-1] = 0.123
    show_lane(burning, finding, piece, fence=lambda: None)
    after = lanes(burning)[key]
    assert after["points"][-1] == last
    assert 0.123 in [v for _, v in after["points"]]


@pytest.mark.parametrize(
    ("minutes", "seconds"), [(0, 10), (10, 10), (30, 30), (120, 120), (3000, 300)]
)
def test_the_older_an_incident_the_longer_the_pause(minutes, seconds) -> None:
    assert pause_of(timedelta(minutes=minutes)) == timedelta(seconds=seconds)


def test_a_long_lane_keeps_its_baseline_its_excursions_and_its_newest() -> None:
    points: list[list[float]] = []
    for second in range(0, 20_000, 10):
        value = 9.0 if second == 1500 else math.sin(second) * 0.1
        points = thinned([*points, [float(second), value]])
    assert len(points) <= MAX_POINTS
    assert [t for t, _ in points[:120]] == [float(s) for s in range(0, 1200, 10)]
    assert [1500.0, 9.0] in points
    assert [t for t, _ in points[-20:]] == [float(s) for s in range(19_800, 20_000, 10)]
    assert [t for t, _ in points] == sorted(t for t, _ in points)


@pytest.mark.capability(62)
def test_around_a_change_an_old_incident_is_watched_closer_and_then_as_before(burning) -> None:
    """A running action raises how often the series are read; whatever ends it takes that back."""
    began = database_now() - timedelta(hours=5)
    Incident.objects.filter(pk=burning.incident_id).update(started_at=began)
    mark_seen(person_id=person("vi", "viewer").pk, incident_id=burning.incident_id, sequence=1,
              at=database_now())  # fmt: skip

    def is_read_again(after_seconds: float) -> bool:
        last = database_now() - timedelta(seconds=after_seconds)
        Investigation.objects.filter(pk=burning.pk).update(lanes_read_at=last)
        return bool(ask_for_lanes())

    def action(state: str) -> None:
        post_entry(investigation_id=burning.pk, kind=EntryKind.ACTION, key="A1",
                   data={"number": 1, "state": state}, author="agent/remediation", sentence=state)  # fmt: skip

    assert (is_read_again(20), is_read_again(301)) == (False, True)
    for under_way in ("running", "unknown", "verifying", "undoing"):
        action(under_way)
        assert is_read_again(11), under_way
    for ended in ("succeeded", "failed", "undone", "inconclusive", "halted", "stale"):
        action("running")
        assert is_read_again(11)
        action(ended)
        assert (is_read_again(20), is_read_again(301)) == (False, True), ended
