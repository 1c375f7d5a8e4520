"""After a fix the lanes go on: people see the recovery where they saw the fault."""

from datetime import timedelta

import pytest

from agents.domain import recovery
from agents.domain.recovery import show_recovery
from investigations.domain.incidents import change_incident_state
from investigations.enums import EntryKind, IncidentState
from investigations.models import BoardEvent, Investigation
from investigations.presenters.room import build_room
from lab import operations

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
AFTER = timedelta(minutes=2)


@pytest.fixture
def mended(lab_incident):
    """A bad release that was found, and rolled back two minutes ago."""
    incident = lab_incident("bad_release_errors")
    found = incident.investigation
    name = found.diagnoses.get().resource.partition("/")[2]
    operations.roll_back(incident.world, name, incident.world.workloads[name].current - 1)
    incident.pass_time(AFTER.total_seconds())
    # The lab's history moved into the past, and with it what was looked at.
    Investigation.objects.filter(pk=found.pk).update(window_end=found.window_end - AFTER)
    for entry in found.entries.filter(kind=EntryKind.LANE):
        entry.data["points"] = [[t - AFTER.total_seconds(), v] for t, v in entry.data["points"]]
        entry.save(update_fields=["data"])
    return found


def lanes(found) -> dict[str, dict]:
    return {e.key: e.data for e in found.entries.filter(kind=EntryKind.LANE)}


def mitigate(found) -> None:
    change_incident_state(
        investigation_id=found.pk, to=IncidentState.MITIGATED, author="system", reason="verified"
    )


def test_lanes_go_on_to_the_recovery_and_keep_what_they_showed(mended) -> None:
    before = lanes(mended)
    mitigate(mended)
    written = show_recovery(mended.pk)
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
    room = build_room(fresh, now=fresh.window_end)
    assert room.axis.end == fresh.window_end > mended.window_end - AFTER
    assert room.timeline.lanes[0].is_calm
    last = BoardEvent.objects.filter(investigation=mended).order_by("-sequence").first()
    assert "since the fix" in last.payload["sentence"]


def test_nothing_is_read_twice_or_before_anything_was_mended(mended) -> None:
    assert show_recovery(mended.pk) == 0
    mitigate(mended)
    assert show_recovery(mended.pk) > 0
    shown = lanes(mended)
    assert show_recovery(mended.pk) == 0
    assert lanes(mended) == shown


def test_long_after_the_last_look_lanes_are_left_as_they_were(mended, monkeypatch) -> None:
    monkeypatch.setattr(recovery, "LONGEST_GAP", AFTER / 2)
    mitigate(mended)
    assert show_recovery(mended.pk) == 0
