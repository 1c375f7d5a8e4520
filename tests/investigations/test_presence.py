"""Who is in a room: told again and again, kept nowhere, at most one row a person."""

import pytest

from investigations.presence import FORGET_SECONDS, MAX_PEOPLE, Roster, read_subject

pytestmark = pytest.mark.unit


def test_each_person_is_told_once_with_what_was_looked_at_last() -> None:
    roster = Roster()
    roster.hear("a", name="mira", looks_at="", now=1.0)
    roster.hear("b", name="jo", looks_at="E11", now=1.0)
    roster.hear("c", name="mira", looks_at="A7", now=2.0)
    assert roster.news(mine="b", now=3.0) == [
        {"name": "jo", "look": "E11", "me": True},
        {"name": "mira", "look": "A7", "me": False},
    ]
    assert roster.news(mine="b", now=4.0) is None


def test_whoever_left_or_fell_silent_is_forgotten() -> None:
    roster = Roster()
    roster.hear("me", name="jo", looks_at="", now=0.0)
    roster.hear("gone", name="mira", looks_at="", now=0.0)
    roster.hear("silent", name="sam", looks_at="", now=0.0)
    roster.leave("gone")
    roster.leave("never here")
    assert [p["name"] for p in roster.news(mine="me", now=1.0) or []] == ["jo", "sam"]
    late = FORGET_SECONDS + 1.0
    assert [p["name"] for p in roster.news(mine="me", now=late) or []] == ["jo"]


def test_a_crowd_is_bounded() -> None:
    roster = Roster()
    for number in range(MAX_PEOPLE + 50):
        roster.hear(str(number), name=f"p{number}", looks_at="", now=0.0)
    assert len(roster.news(mine="0", now=1.0) or []) == MAX_PEOPLE


@pytest.mark.parametrize("message", [{"look": "E12"}, {"look": "A7"}, {"look": ""}, {"look": "H3"}])
def test_what_may_be_looked_at(message) -> None:
    assert read_subject(message) == message["look"]


@pytest.mark.parametrize(
    "message",
    [None, [], "E1", 3, {}, {"look": None}, {"look": 7}, {"look": "E0"}, {"look": "E1<b>"}, {"look": "X1"},
     {"look": "E1\n"}, {"look": "E" + "9" * 40}, {"look": "E²"}],
)  # fmt: skip
def test_anything_else_is_ignored(message) -> None:
    assert read_subject(message) is None
