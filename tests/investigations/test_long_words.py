"""Words of a person that are too long are refused whole, with the limit; nothing is cut."""

import re

import pytest
from django.test import Client

from investigations.domain.hypotheses import propose_hypothesis
from investigations.models import BoardEvent, Hypothesis
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
FIELDS = (
    ("hypotheses/", "claim", {}, "500"), ("steer/", "text", {}, "1,000"),
    ("h/1/rule-out/", "reason", {}, "500"), ("grade/", "note", {"grade": "right"}, "500"),
    ("state/", "reason", {"to": "resolved"}, "500"), ("status/updates/", "text", {}, "1000"),
)  # fmt: skip


@pytest.fixture
def mira() -> Client:
    client = Client()
    client.force_login(person("mira", "responder"))
    return client


@pytest.mark.parametrize(("path", "name", "more", "limit"), FIELDS)
def test_too_long_is_refused_with_the_limit_and_kept(mira, path, name, more, limit) -> None:
    board = open_board()
    propose_hypothesis(investigation_id=board.pk, claim="a pool", author="agent/x")
    events, typed = BoardEvent.objects.count(), "x" * 6000
    answer = mira.post(f"/i/{board.incident_id}/{path}", {name: typed, **more})
    page = answer.content.decode()
    assert (answer.status_code, limit in page, typed in page) == (422, True, True)
    assert re.search(r"6,?000", page), "it says how long the text is"
    assert BoardEvent.objects.count() == events


def test_a_reason_at_the_limit_is_stored_whole(mira) -> None:
    board = open_board()
    propose_hypothesis(investigation_id=board.pk, claim="a pool", author="agent/x")
    mira.post(f"/i/{board.incident_id}/h/1/rule-out/", {"reason": "y" * 500})
    assert Hypothesis.objects.get().ruled_out_by == f"person/mira: {'y' * 500}"


def test_no_field_lets_the_browser_cut_what_is_pasted(mira) -> None:
    """``maxlength`` cuts a pasted text without a word: the server refuses it with one instead."""
    board = open_board()
    propose_hypothesis(investigation_id=board.pk, claim="a pool", author="agent/x")
    for path in ("", "h/1/", "status/", "handoff/", "merge/"):
        page = mira.get(f"/i/{board.incident_id}/{path}").content.decode()
        fields = re.findall(r"<(?:textarea|input)[^>]* maxlength[^>]*>", page)
        assert [f for f in fields if 'type="search"' not in f and "palette" not in f] == []
    page = mira.get("/incidents/new/").content.decode()
    assert not re.search(r'name="symptom"[^>]* maxlength', page)
