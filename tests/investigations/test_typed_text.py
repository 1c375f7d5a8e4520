"""What anybody may type or put into an address never fails a page, and never turns our words."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from investigations.domain.hypotheses import propose_hypothesis
from investigations.errors import BoardError
from investigations.models import AuditEntry, BoardEvent, Hypothesis, Incident, Investigation
from investigations.practice import start_scenario
from investigations.routing import websocket_urlpatterns
from investigations.templatetags.board_tags import unturned
from investigations.typed_text import read_number, title_or_untitled, without_controls
from investigations.views import commands
from remediation.models import KillSwitch
from remediation.views import pages
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NO_NUMBERS = ["²", "①", "٣", "9" * 5000, "-1", "1 ", ""]
TURN = "\u202e"


@pytest.fixture
def board() -> Investigation:
    return open_board()


@pytest.fixture
def responder(client: Client) -> Client:
    client.force_login(person("mira", "responder"))
    return client


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_only_few_ascii_digits_are_a_number(text: str) -> None:
    assert read_number(text) is None
    assert read_number("999999999") == 999_999_999


@pytest.mark.parametrize("text", NO_NUMBERS)
@pytest.mark.parametrize(
    "address",
    [
        "/incidents/?after=",
        "/history/?before=",
        "/i/{}/?before=",
        "/i/{}/log/?after=",
        "/audit/?before=",
    ],
)
def test_a_page_whose_number_is_none(
    responder: Client, board: Investigation, address: str, text: str
) -> None:
    assert responder.get(address.format(board.incident_id) + text).status_code == 200


@pytest.mark.parametrize(
    "text",
    [f"/rule-out H{'9' * 5000} because x", "/rule-out H² because x", f"/budget {'9' * 5000}"],
)
def test_a_command_whose_number_is_none_is_refused(
    responder: Client, board: Investigation, text: str
) -> None:
    answer = responder.post(f"/i/{board.incident_id}/steer/", {"text": text})
    assert answer.status_code == 422
    assert "Write it like this" in answer.content.decode()


def test_controls_go_and_line_feeds_stay() -> None:
    assert without_controls("a\x00b\x1bc\r\n\td\x7f") == "abc\n\td"


@pytest.mark.parametrize("field", ["actor", "verb"])
@pytest.mark.parametrize("form", ["", "csv", "json"])
def test_the_audit_is_filtered_without_controls(responder: Client, field: str, form: str) -> None:
    assert responder.get("/audit/", {field: "a\x00b", "format": form}).status_code == 200


def test_what_people_post_is_kept_without_controls(responder: Client, board: Investigation) -> None:
    root = f"/i/{board.incident_id}"
    posted = responder.post(f"{root}/hypotheses/", {"claim": "the\x00 cache is\x1b cold"})
    assert posted.status_code == 302
    row = board.hypotheses.get()
    assert row.claim == "the cache is cold"
    steered = responder.post(f"{root}/steer/", {"text": "look\x00 again"})
    assert steered.status_code == 302
    assert board.steering.get().text == "look again"
    unseen = responder.post(f"{root}/h/{row.number}/rule-out/", {"reason": " \u202e "})
    assert unseen.status_code == 422, "nothing that can be read"
    ruled = responder.post(f"{root}/h/{row.number}/rule-out/", {"reason": "no\x00p\u202ee"})
    assert ruled.status_code == 302
    row.refresh_from_db()
    assert row.ruled_out_by.endswith(": nope")
    state = responder.post(f"{root}/state/", {"to": "resolved", "reason": "do\x00ne"})
    assert state.status_code == 302
    assert "\\u0000" not in str(list(BoardEvent.objects.values_list("payload", flat=True)))


def test_a_challenge_a_grade_and_a_decision_come_without_controls(
    client: Client, board: Investigation, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = SimpleNamespace(investigation=board, investigation_id=board.pk, pk=1)
    seen: list[str] = []
    monkeypatch.setattr(commands, "access_evidence", lambda *_: card)
    monkeypatch.setattr(commands, "grade_by_person", lambda **given: seen.append(given["note"]))
    monkeypatch.setattr(pages, "action_of", lambda *_: card)
    monkeypatch.setattr(
        "remediation.domain.approvals.decide", lambda **given: seen.append(given["reason"])
    )
    client.force_login(person("ada", "responder", "approver"))
    root = f"/i/{board.incident_id}"
    for path, given in (
        ("e/1/challenge/", {"reason": "wh\x00y"}),
        ("grade/", {"grade": "right\x00", "note": "not\x00ed"}),
        ("a/1/approvals/", {"decision": "approve\x00", "reason": "se\x00en"}),
    ):
        assert client.post(f"{root}/{path}", given).status_code == 302, path
    assert board.steering.get().text == "why"
    assert seen == ["noted", "seen"]


def test_a_stop_with_a_nul_in_its_reason_stops(responder: Client) -> None:
    KillSwitch.objects.update_or_create(scope="global", defaults={"is_engaged": False})
    answer = responder.post("/kill-switch/", {"reason": "it\x00 burns"})
    assert answer.status_code == 302
    row = KillSwitch.objects.get(scope="global")
    assert (row.is_engaged, row.reason) == (True, "it burns")
    assert AuditEntry.objects.get(verb="kill_switch.engaged").detail == {"reason": "it burns"}
    late = Client()
    late.force_login(person("lea", "responder"))
    answer = late.post("/kill-switch/", {"reason": "long " * 200})
    assert answer.status_code == 409
    assert "had stopped them already: it burns. Your reason is in the audit log." in (
        answer.content.decode()
    )
    same = late.post("/kill-switch/", {"reason": "it burns"}).content.decode()
    assert "had stopped them already: it burns." in same
    assert "audit log" not in same.split("it burns.")[1].split("</span>")[0], "it is not kept twice"
    again = AuditEntry.objects.get(verb="kill_switch.engaged_again")
    assert (again.actor, again.detail) == ("person/lea", {"reason": "long " * 200})
    KillSwitch.objects.update(is_engaged=False)
    late.post("/kill-switch/", {"reason": "long " * 200})
    row.refresh_from_db()
    assert (len(row.reason), row.reason[-1]) == (300, "…"), "what is cut shows it"


@pytest.mark.parametrize("charset", ["utf-16", "base64", "no-such", "latin-1"])
def test_a_form_in_another_charset_is_refused(responder: Client, charset: str) -> None:
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    assert responder.generic("POST", "/practice/", b"scenario=x", kind).status_code == 400


@pytest.mark.parametrize("charset", ["UTF-8", "utf8", "us-ascii"])
def test_a_form_in_utf8_is_read(responder: Client, board: Investigation, charset: str) -> None:
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    answer = responder.generic("POST", f"/i/{board.incident_id}/steer/", b"text=look", kind)
    assert answer.status_code == 302
    assert board.steering.get().text == "look"


def test_a_body_that_is_no_form_keeps_its_charset_to_itself(responder: Client) -> None:
    kind = "application/json; charset=base64"
    assert responder.generic("GET", "/history/?q=x", b"", kind).status_code == 200
    assert responder.generic("POST", "/api/alerts/alertmanager/", b"{}", kind).status_code < 500


@pytest.mark.parametrize("slug", ["a\nb", "x" * 70_000, "../scenarios", "a b", ""])
def test_a_scenario_that_cannot_be_is_not_asked_for(slug: str) -> None:
    with pytest.raises(BoardError, match="Choose one"):
        start_scenario(slug)


def _first_answers(path: str) -> list[dict[str, object]]:
    async def ask() -> list[dict[str, object]]:
        socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), path)
        socket.scope["user"] = AnonymousUser()
        await socket.send_input({"type": "websocket.connect"})
        return [await socket.receive_output(), await socket.receive_output()]

    return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/i/abc/", "/ws/i/1/more/", "/ws/\n"])
def test_an_unknown_socket_is_closed(path: str) -> None:
    accepted, closed = _first_answers(path)
    assert accepted["type"] == "websocket.accept"
    assert (closed["type"], closed["code"]) == ("websocket.close", 4404)


@pytest.mark.parametrize("after", ["%C2%B2", "²", "9" * 5000])
def test_a_socket_whose_cursor_is_no_number(after: str) -> None:
    assert _first_answers(f"/ws/i/1/?after={after}")[1]["code"] == 4401


@pytest.mark.parametrize("title", ["", "  ", "\u200b\u2060", TURN, "\x07"])
def test_a_title_in_which_nothing_is_seen(title: str) -> None:
    assert title_or_untitled(title) == "Untitled"
    assert title_or_untitled(f"{title}x") == f"{title}x"


def test_a_title_that_turns_round_stays_in_its_own_place(
    responder: Client, board: Investigation
) -> None:
    Incident.objects.update(title=f"{TURN}slow")
    assert "<bdi>slow</bdi>" in responder.get("/inbox/").content.decode()
    room = responder.get(f"/i/{board.incident_id}/").content.decode()
    assert "<h1>slow</h1>" in room
    assert TURN not in room
    Incident.objects.update(title="\u200b")
    assert "Untitled</bdi>" in responder.get("/inbox/").content.decode()
    assert "<h1>Untitled</h1>" in responder.get(f"/i/{board.incident_id}/").content.decode()


def test_what_is_said_is_set_apart_and_reads_in_its_own_direction(
    responder: Client, board: Investigation
) -> None:
    row = propose_hypothesis(investigation_id=board.pk, claim=f"cache {TURN}is cold",
                             author="person/mira", posted_by=None)  # fmt: skip
    assert row.claim == "cache is cold"
    # As one of an earlier version is kept.
    Hypothesis.objects.filter(pk=row.pk).update(claim=f"cache {TURN}is cold")
    responder.post(f"/i/{board.incident_id}/steer/", {"text": f"look {TURN}there"})
    room = responder.get(f"/i/{board.incident_id}/").content.decode()
    assert "<bdi>cache is cold</bdi>" in room
    assert "<bdi>look there</bdi>" in room
    assert TURN not in room
    assert TURN not in responder.get(f"/i/{board.incident_id}/log/").content.decode()
    assert unturned(f"a{TURN}b\u2066c\u2069") == "abc"


def test_times_and_badges_stay_whole(responder: Client, board: Investigation) -> None:
    page = responder.get("/incidents/").content.decode()
    row = page[page.index(f'<tr id="i-{board.incident_id}">') :].partition("</tr>")[0]
    whole = row.count('<td class="whole">') + row.count(
        '<td class="whole" data-label="since"><time'
    )
    assert whole == 3
    css = Path(settings.BASE_DIR, "static/css/base.css").read_text()
    rule = css[css.index("  time,\n  .whole {") :].partition("}")[0]
    assert "white-space: nowrap" in rule
