"""Status, links, handoff and lifecycle by HTTP: who may, what is shown, what is never shown."""

import json
import re
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.db.models import F
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from investigations.domain import sharing
from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.domain.incidents import change_incident_state
from investigations.domain.journal import chain_hash
from investigations.enums import EvidenceKind, IncidentState
from investigations.models import Handoff, Incident, ShareLink, StatusUpdate
from investigations.views import status as status_views
from tests.factories.board import NOON, open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def board():
    status_views._misses.clear()
    return open_board(f"payments is slow {SCRIPT}")


def signed_in(name, *roles) -> Client:
    client = Client()
    client.force_login(person(name, *roles))
    return client


def share(client, board, **more) -> str:
    page = client.post(f"/i/{board.incident_id}/status/links/",
                       {"hours": "24", "form_key": "k", **more}).content.decode()  # fmt: skip
    return re.search(r'value="http://testserver(/s/[\w-]+/)"', page)[1]


def test_an_update_is_shown_and_a_refused_one_is_kept(board) -> None:
    mira, at = signed_in("mira", "responder"), f"/i/{board.incident_id}/status/"
    assert "No update posted yet" in mira.get(at).content.decode()
    bad = mira.post(f"{at}updates/", {"text": "kept words", "next_minutes": "99999"})
    assert (bad.status_code, "kept words" in bad.content.decode()) == (422, True)
    mira.post(f"{at}updates/", {"text": f"We know. {SCRIPT}", "impact": "12% fail",
                                "next_minutes": "15"})  # fmt: skip
    page = signed_in("vic", "viewer").get(at).content.decode()
    assert "12% fail" in page
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page
    assert "Post update" not in page
    StatusUpdate.objects.update(next_due_at=F("posted_at") - timedelta(hours=1))
    assert "late." in mira.get(at).content.decode()


@pytest.mark.parametrize(
    "path", ["status/updates/", "status/links/", "status/links/1/revoke/", "handoff/offers/",
             "handoff/1/accept/", "handoff/1/withdraw/", "acknowledge/", "lead/"],
)  # fmt: skip
def test_a_viewer_and_a_stranger_change_nothing(board, path) -> None:
    before = board.events.count()
    for client in (signed_in("vic", "viewer"), signed_in("nobody")):
        assert client.post(f"/i/{board.incident_id}/{path}", {"text": "x"}).status_code == 403
    assert board.events.count() == before


@pytest.mark.parametrize(
    "path", ["status/", "handoff/", "report/", "replay/", "replay/board/", "analysis/",
             "analysis.md", "export.json"],
)  # fmt: skip
def test_who_has_no_role_reads_nothing_and_a_viewer_reads_all(board, path) -> None:
    address = f"/i/{board.incident_id}/{path}"
    assert signed_in("nobody").get(address).status_code == 403
    vic = signed_in("vic", "viewer")
    assert vic.get(address).status_code == 200
    assert vic.get(address.replace(str(board.incident_id), "99999")).status_code == 404


def test_a_link_shows_the_status_and_nothing_else(lab_incident) -> None:
    """No command, no reasoning, no cookie, no trace in search engines or in Referer."""
    board = lab_incident("retry_storm").investigation
    mira = signed_in("mira", "responder")
    base = f"/i/{board.incident_id}/status/"
    mira.post(f"{base}updates/", {"text": "We roll back.", "impact": "12% fail"})
    answer = Client().get(share(mira, board))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "We roll back." in page
    assert "12% fail" in page
    found = board.diagnoses.order_by("-number").first()
    secrets = [found.summary, found.happening, found.would_change, "kubectl", "H1", "E1 "]
    secrets += [h.claim for h in board.hypotheses.all()] + [e.claim for e in board.evidence.all()]
    secrets += [str(a.data.get("command")) for a in board.entries.filter(kind="action")]
    shown = board.incident.title + (board.incident.symptom or "")
    assert [s for s in secrets if s and s not in shown and s in page] == []
    assert not answer.cookies
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.findall(r"<form|csrf|/i/\d", page) == []


def test_a_link_ends_by_time_by_hand_and_by_haste(board) -> None:
    mira = signed_in("mira", "responder")
    path = share(mira, board)
    again = mira.post(f"/i/{board.incident_id}/status/links/", {"hours": "24", "form_key": "k"})
    assert (again.status_code, "shown once" in again.content.decode()) == (422, True)
    assert Client().get(path).status_code == 200
    ShareLink.objects.update(burst_uses=sharing.BURST_MAX)
    hasty = Client().get(path)
    assert (hasty.status_code, hasty.headers["Retry-After"]) == (429, "60")
    ShareLink.objects.update(burst_uses=0)
    assert "last read" in mira.get(f"/i/{board.incident_id}/status/").content.decode()
    mira.post(f"/i/{board.incident_id}/status/links/1/revoke/")
    gone = Client().get(path)
    assert (gone.status_code, "time is up" in gone.content.decode()) == (404, True)
    assert Client().get("/s/" + "a" * 43 + "/").content == gone.content


def test_guessing_is_slowed_but_a_good_link_is_not(board) -> None:
    path = share(signed_in("mira", "responder"), board)
    codes = [Client().get(f"/s/guess-{n}/").status_code for n in range(32)]
    assert (codes[0], codes[-1]) == (404, 429)
    assert Client().get(path).status_code == 200


def test_handing_over_by_the_page(board) -> None:
    mira, jo = signed_in("mira", "responder"), signed_in("jo", "approver")
    base = f"/i/{board.incident_id}/handoff/"
    assert "No hypothesis yet." in mira.get(base).content.decode()
    bad = mira.post(f"{base}offers/", {"to": "nobody", "standing": "my own words"})
    assert (bad.status_code, "my own words" in bad.content.decode()) == (422, True)
    mira.post(f"{base}offers/", {"to": "jo", "standing": SCRIPT, "check_minutes": "30"})
    page = jo.get(base).content.decode()
    assert ">I have it</button>" in page
    assert SCRIPT not in page
    assert ">I have it</button>" not in mira.get(base).content.decode()
    assert ">Decline: I cannot take it</button>" in page
    assert "Withdraw the offer" not in page
    jo.post(f"{base}1/accept/")
    assert Incident.objects.get().lead == "jo"
    assert Handoff.objects.get().accepted_by == "jo"
    room = mira.get(f"/i/{board.incident_id}/").content.decode()
    assert "lead <bdi>jo</bdi>" in room
    late = mira.post(f"{base}1/withdraw/")
    assert (late.status_code, "was taken by jo" in late.content.decode()) == (409, True)
    assert mira.post(f"{base}9/accept/").status_code == 404
    change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED,
                          author="person/jo", reason="r")  # fmt: skip
    page = mira.get(base).content.decode()
    assert "nobody needs to take it over" in page
    assert "<textarea" not in page


def test_the_lifecycle_asks_for_reasons_and_leads_to_the_report(board) -> None:
    mira, base = signed_in("mira", "responder"), f"/i/{board.incident_id}/"
    mira.post(f"{base}acknowledge/")
    assert Incident.objects.get().acknowledged_by == "mira"
    bare = mira.post(f"{base}state/", {"to": "resolved", "reason": " "})
    assert (bare.status_code, Incident.objects.get().state) == (422, "open")
    room = mira.get(base).content.decode()
    assert 'value="mitigated"' in room
    assert 'value="open"' not in room
    mira.post(f"{base}state/", {"to": "mitigated", "reason": "traffic moved"})
    done = mira.post(f"{base}state/", {"to": "resolved", "reason": "rolled back"},
                     headers={"HX-Request": "true"}).content.decode()  # fmt: skip
    assert f'href="{base}report/"' in done
    room = mira.get(base).content.decode()
    assert 'value="open"' in room
    assert 'value="resolved"' not in room
    mira.post(f"{base}state/", {"to": "open", "reason": "it is back"})
    assert Incident.objects.get().state == IncidentState.OPEN


@pytest.mark.django_db(transaction=True)
def test_the_export_is_whole_and_its_chain_can_be_checked(kill_switch_row, board) -> None:
    for key in "abc":
        post_evidence(
            investigation_id=board.pk, step_key=key, author="agent/network",
            draft=EvidenceDraft(kind=EvidenceKind.METRIC, claim=f"{key} é", query="q",
                                result_digest="d", window_start=NOON, window_end=NOON),
        )  # fmt: skip
    change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED,
                          author="person/x", reason="r")  # fmt: skip
    user = person("vic", "viewer")

    async def read() -> bytes:
        client = AsyncClient()
        await client.aforce_login(user)
        answer = await client.get(f"/i/{board.incident_id}/export.json")
        return b"".join([piece async for piece in answer.streaming_content])

    found = json.loads(async_to_sync(read)())
    assert (found["format"], found["is_truncated"]) == ("sre-workspace-incident", False)
    assert [e["number"] for e in found["evidence"]] == [1, 2, 3]
    assert {t["section"] for t in found["report_texts"]} >= {"summary", "repair"}
    previous = ""
    for sequence, event in enumerate(found["events"], 1):
        body = {k: event[k] for k in ("sequence", "kind", "author", "payload", "at")}
        body["investigation"] = board.pk
        assert event["sequence"] == sequence
        assert event["previous_hash"] == previous
        assert event["hash"] == chain_hash(previous, body)
        previous = event["hash"]


def test_the_analysis_is_markdown_in_which_nothing_foreign_is_markup(board) -> None:
    text = signed_in("vic", "viewer").get(f"/i/{board.incident_id}/analysis.md").content.decode()
    assert text.startswith(f"# [INC-{board.incident_id}](http://testserver/i/")
    assert "\\<script\\>" in text
    assert "## What is happening" in text


@pytest.mark.parametrize(
    ("query", "code", "told"),
    [("", 200, ""), ("n=1", 200, "event 1,"), ("n=²", 422, "not the number"), ("n=0", 422, "not the"),
     ("t=nonsense", 422, "not a time"), ("t=2026-03-01T12:00:05Z", 200, "event 1,"),
     ("t=9999-12-31T23:59:59Z", 200, ""), ("t=0001-01-01T00:00:00%2B14:00", 422, "not a time")],
)  # fmt: skip
def test_replay_reads_what_people_type(board, query, code, told) -> None:
    client = signed_in("vic", "viewer")
    answer = client.get(f"/i/{board.incident_id}/replay/?{query}")
    page = answer.content.decode()
    assert (answer.status_code, told in page) == (code, True)
    assert re.findall(r"hx-post|method=\"post\" action=\"/i/", page) == []


@pytest.mark.parametrize("path", ["status/", "handoff/", "report/", "replay/", "analysis/"])
def test_queries_do_not_grow_with_rows(path) -> None:
    """One of everything costs what three of everything cost."""
    client, counts = signed_in("mira", "responder"), []
    person("jo", "responder")
    board = open_board()
    for rows in (1, 2):
        for n in range(rows):
            key = f"{rows}{n}"
            client.post(f"/i/{board.incident_id}/status/updates/", {"text": key})
            client.post(f"/i/{board.incident_id}/status/links/", {"hours": "1", "form_key": key})
            client.post(f"/i/{board.incident_id}/handoff/offers/", {"to": "jo", "standing": key})
            number = Handoff.objects.count()
            client.post(f"/i/{board.incident_id}/handoff/{number}/withdraw/")
            client.post(f"/i/{board.incident_id}/hypotheses/", {"claim": f"cause {key}"})
            post_evidence(
                investigation_id=board.pk, step_key=key, author="agent/network",
                draft=EvidenceDraft(kind=EvidenceKind.METRIC, claim=key, query="q",
                                    result_digest="d", window_start=NOON, window_end=NOON),
            )  # fmt: skip
        if rows == 1 and path != "handoff/":
            change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED,
                                  author="person/x", reason="r")  # fmt: skip
        client.get(f"/i/{board.incident_id}/{path}")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(f"/i/{board.incident_id}/{path}")
        counts.append(len(seen))
    assert counts[0] == counts[1]
