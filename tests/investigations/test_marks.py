"""Marks of the timeline: where they lie, what each is called, and that no text lies on another."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from investigations.presenters import lanes
from investigations.presenters.axis import Axis
from investigations.presenters.marks import Label
from investigations.presenters.timeline import build_timeline

pytestmark = pytest.mark.unit
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AXIS = Axis(NOON - timedelta(minutes=10), NOON + timedelta(minutes=10), NOON, None)


def timeline_of(changes: list[dict[str, object]], suspects: list[str] = []):  # noqa: B006
    return build_timeline([], changes, AXIS, wanted=lanes.Wanted("checkout"), suspects=suspects)


def change(minutes: float, resource: str, ident: str, kind: str = "deploy") -> dict[str, object]:
    at = (NOON + timedelta(minutes=minutes)).isoformat()
    return {"id": ident, "at": at, "kind": kind, "resource": resource, "evidence": 3}


def test_an_action_is_marked_where_it_began_and_where_its_verdict_fell() -> None:
    at = {m: (NOON + timedelta(minutes=m)).isoformat() for m in (3, 4, 6, 12)}
    actions = [
        {"number": 1, "title": "Roll back", "state": "undone", "began_at": at[3], "ended_at": at[4]},
        {"number": 2, "title": "Scale", "state": "succeeded", "began_at": at[6], "ended_at": at[12]},
        {"number": 3, "title": "Restart", "state": "verifying", "began_at": at[6], "ended_at": None},
        {"number": 4, "title": "Old", "state": "succeeded"},
        {"number": 5, "title": "Not begun", "state": "denied", "ended_at": at[3]},
    ]  # fmt: skip
    found = build_timeline([], [], AXIS, wanted=lanes.Wanted("checkout"), actions=actions)
    shown = [(m.text, m.x, m.action, m.note) for m in found.marks if m.kind == "action"]
    assert shown == [
        ("▶ A1 began", 650.0, 1, "Roll back"), ("↶ A1 undone", 700.0, 1, "Roll back"),
        ("▶ A2 began", 800.0, 2, "Scale"), ("▶ A3 began", 800.0, 3, "Restart"),
    ]  # fmt: skip
    assert [(m.text, m.at.minute) for m in found.later] == [("✓ A2 verified", 12)]
    assert "✓ A2 verified" in [m.text for m in found.told]
    assert [m.short.text for m in found.marks if m.short] == ["◆ alert", "▶ A2 A3"]


def test_marks_lie_on_the_axis_of_the_lanes_with_their_text() -> None:
    found = timeline_of([change(-1, "payments", "d1"), change(-30, "old", "d0")], ["d1"])
    deploy = next(m for m in found.marks if m.kind == "change")
    assert deploy.x == AXIS.x(NOON - timedelta(minutes=1)) == 450.0
    assert (deploy.text, deploy.is_suspect) == ("▲ deploy payments", True)
    assert deploy.label.text == deploy.text
    assert deploy.short.text == "▲ deploy"
    assert [m.text for m in found.before] == ["▲ deploy old"]


def test_a_change_that_is_blamed_is_told_by_name_however_early_it_was() -> None:
    changes = [change(-30, "old", "d0"), change(-25, "cart", "d1"), change(-1, "payments", "d2")]
    found = timeline_of(changes, ["d1"])
    blamed = next(m for m in found.marks if m.is_suspect)
    assert (blamed.text, blamed.short.text) == ("◂ ▲ deploy cart 11:35Z", "◂ ▲ deploy")
    assert (blamed.x, blamed.zoom_x, blamed.is_before) == (0.0, 0.0, True)
    assert blamed.label.side == "start"
    assert [m.text for m in found.before] == ["▲ deploy old"]
    assert [m.at for m in found.told] == sorted(m.at for m in found.told)
    assert len(found.told) == 4
    assert "◂ ▲ deploy cart 11:35Z at 11:35:00Z" in found.sentence


def test_texts_of_marks_never_overlap() -> None:
    found = timeline_of([change(-m / 10, f"service-{m}", str(m)) for m in range(1, 30)])
    assert_apart([(m.x, m.label) for m in found.marks], letter=8.6)


def assert_apart(written: list[tuple[float, Label | None]], *, letter: float) -> None:
    spans = []
    for x, label in written:
        if label and label.side:
            size = (len(label.text) + 1) * letter
            span = (x, x + size) if label.side == "start" else (x - size, x)
            spans.append((label.is_upper, *span))
    assert spans
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(sorted(spans)))


def test_each_action_is_named_where_it_began_however_little_room_there_is() -> None:
    """Two at one instant between two others, each over at once, among changes: in both views, and on a phone."""
    at = {m: (NOON + timedelta(seconds=m)).isoformat() for m in (230, 240, 300, 310, 330, 340)}
    actions = [
        {"number": n, "title": "Restart", "state": "failed", "began_at": at[begin], "ended_at": at[end]}
        for n, begin, end in ((1, 230, 240), (2, 300, 310), (3, 300, 310), (4, 330, 340))
    ]  # fmt: skip
    changes = [change(m, f"service-{m}", str(m)) for m in (1, 2, 6, 7)]
    found = build_timeline([], changes, AXIS, wanted=lanes.Wanted("checkout"), actions=actions)
    begun = [m for m in found.marks if m.has_begun]
    for texts in ([m.label.text for m in begun], [m.zoom_label.text for m in begun]):
        assert sorted(re.findall(r"A\d", " ".join(texts))) == ["A1", "A2", "A3", "A4"], texts
    assert_apart([(m.x, m.label) for m in found.marks], letter=8.6)
    assert_apart([(m.zoom_x, m.zoom_label) for m in found.marks], letter=8.6)
    shorts = [(m.x, m.short) for m in found.marks]
    assert_apart(shorts, letter=30.0)
    assert [s.text for _, s in shorts if s] == ["◆ alert", "▶ A1 A2 A3 A4"]
    assert {m.text for m in found.told if m.action} >= {"✗ A1 failed", "✗ A4 failed"}


def test_two_changes_of_one_instant_are_one_mark() -> None:
    found = timeline_of([change(-1, "a", "c1", "config"), change(-1, "a", "c2", "config")])
    assert [m.text for m in found.marks if m.kind == "change"] == ["◇ config a x2"]
