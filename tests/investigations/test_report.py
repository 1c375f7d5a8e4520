"""The post-mortem: drafted from the journal, each line checkable, no text ever lost."""

import re
from html import unescape

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from investigations.domain import reports
from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.domain.diagnoses import DiagnosisDraft, reach_diagnosis
from investigations.domain.hypotheses import propose_hypothesis
from investigations.domain.incidents import change_incident_state
from investigations.enums import (
    DiagnosisVerdict,
    EvidenceKind,
    IncidentState,
    ReportOrigin,
    ReportSection,
)
from investigations.errors import BoardError, NotFound
from investigations.models import Investigation, ReportText
from investigations.presenters.markdown import render_markdown
from investigations.presenters.report import count_unanchored
from investigations.queries.board import apply_event, board_snapshot, list_events
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))", "[x](data:text/html;base64,PHNjcmlwdD4=)", "[x](vbscript:x)",
    "[x](//evil.example/)", "[x](/\\evil.example/)", "[x](&#106;avascript:alert(1))",
    "![x](https://evil.example/pixel.png)", '[x](https://a.example/"onmouseover="alert(1))',
    "<javascript:alert(1)>", "<a href='javascript:alert(1)'>x</a>", "[x][y]\n\n[y]: javascript:alert(1)",
    "`<script>`", "```html\n<script>alert(1)</script>\n```", "<svg/onload=alert(1)>",
    "<!-- --><style>*{display:none}</style>", "\x1b[31mred\x1b[0m", "a\u202eb\u2066c", "&lt;b&gt;",
    "[x](java\nscript:alert(1))", "<math><mi xlink:href='javascript:alert(1)'>x", "x" * 5000,
    "[x](https:evil)", "[x](ftp://a.example/)", "<details open ontoggle=alert(1)>",
]  # fmt: skip


def resolve(board: Investigation, reason="rolled back") -> None:
    change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED,
                          author="person/mira", reason=reason)  # fmt: skip
    board.refresh_from_db()
    board.incident.refresh_from_db()


def newest(board, section="repair") -> ReportText:
    return board.report_texts.filter(section=section).order_by("-version").first()


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_of_anybody_is_inert(text) -> None:
    html = render_markdown(f"before {text} after\n\n- {text}", own_paths=True, is_section=True)
    tags = set(re.findall(r"</?([a-z0-9]+)", html))
    assert tags <= {"p", "ul", "li", "a", "code", "pre", "em", "strong", "h3", "br"}
    for attributes in re.findall(r"<[a-z0-9]+\s([^>]*)>", html):
        names = re.findall(r'([\w-]+)="[^"]*"', attributes)
        assert set(names) <= {"href", "rel", "class"}
        assert not re.sub(r'[\w-]+="[^"]*"', "", attributes).strip()
    for address in re.findall(r'href="([^"]*)"', html):
        assert re.match(r"https?://[^/]|/(?![/\\])", unescape(address)), address


def test_headings_of_a_section_stay_below_its_title() -> None:
    text = "# One\n\n###### Six\n\n[a](https://a.example/) [b](/i/1/)"
    html = render_markdown(text, own_paths=True, is_section=True)
    assert "<h3>One</h3>\n<h4>Six</h4>" in html
    assert 'href="https://a.example/" rel="noopener noreferrer nofollow"' in html
    assert '<a href="/i/1/">' in html


def test_before_resolution_there_is_no_draft() -> None:
    board, mira = open_board(), person("mira", "responder")
    page = signed_in(mira).get(f"/i/{board.incident_id}/report/")
    assert (page.status_code, reports.NOT_YET in page.content.decode()) == (200, True)
    assert signed_in(mira).get(f"/i/{board.incident_id}/report.md").status_code == 404
    with pytest.raises(BoardError, match="Draft appears"):
        reports.save_section(investigation_id=board.pk, section="repair", user=mira, body="x",
                             base_version=0)  # fmt: skip


@pytest.mark.capability(40, 45)
@pytest.mark.timeout(200)
def test_each_line_of_an_exported_report_leads_to_its_evidence(lab_incident) -> None:
    """Export, read it back, follow every anchor: the page answers and holds the fragment."""
    board = lab_incident("retry_storm").investigation
    mira = person("mira", "responder", "approver")
    board.incident.title = "5% <b>slow</b> [x](javascript:1) *now*"
    board.incident.save()
    resolve(board)
    client = signed_in(mira)
    answer = client.get(f"/i/{board.incident_id}/report.md")
    text = answer.content.decode()
    headings = re.findall(r"^## (.+)$", text, re.M)
    assert headings == [s.label for s in ReportSection]
    page = client.get(f"/i/{board.incident_id}/report/").content.decode()
    assert re.findall(r'head"><h2 id="[\w-]+">([^<]+)</h2>', page) == headings
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    assert len(lines) > 25
    assert [line for line in lines if "](http://testserver/i/" not in line] == []
    pages: dict[str, str] = {}
    for address in re.findall(r"\]\(http://testserver(/i/[^)]+)\)", text):
        path, _, fragment = address.partition("#")
        if path not in pages:
            found = client.get(path)
            assert found.status_code == 200, path
            pages[path] = found.content.decode()
        assert not fragment or f'id="{fragment}"' in pages[path], address
    told = dict(re.findall(r"^- \*\*([^*]+)\*\*: (.+)$", text, re.M))
    assert {"Cause", "Mitigation", "Change that led to it", "User impact"} <= set(told)
    assert all(told.values())
    kinds = {path.split("/")[3] for path in pages}
    assert {"e", "h", "log"} <= kinds
    assert "javascript:1)" not in page.replace("[x](javascript:1)", "")


@pytest.mark.capability(40)
def test_the_draft_says_unknown_where_the_journal_says_nothing() -> None:
    board = open_board()
    resolve(board)
    summary = newest(board, "summary").body
    assert "**Cause**: unknown: nothing was concluded" in summary
    assert "**Change that led to it**: unknown" in summary
    assert "**User impact**: unknown: nobody stated it" in summary
    assert all(count_unanchored(t.body) == 0 for t in board.report_texts.all())


@pytest.mark.parametrize("is_blamed", [True, False])
def test_a_change_that_was_only_near_is_not_said_to_have_led_to_it(is_blamed) -> None:
    board = open_board()
    cause = propose_hypothesis(
        investigation_id=board.pk, author="agent/reconciler", claim="a certificate has run out",
        change_id="tidy", resource="service/x",
    )  # fmt: skip
    shown = post_evidence(
        investigation_id=board.pk, step_key="e", author="agent/network",
        draft=EvidenceDraft(kind=EvidenceKind.CHANGE, claim="it has run out", query="q",
                            result_digest="d", window_start=board.window_start,
                            window_end=board.window_end),
    )  # fmt: skip
    blamed = {"text": "rollout “tidy”, 3 min before", "evidence": shown.number} if is_blamed else {}
    reach_diagnosis(
        investigation_id=board.pk, author="agent/reconciler", step_key="1",
        draft=DiagnosisDraft(DiagnosisVerdict.LIKELY_CAUSE, "a certificate", confidence=0.9,
                             hypothesis_id=cause.pk, blamed=blamed, cited=[shown.number]),
    )  # fmt: skip
    resolve(board)
    told = dict(re.findall(r"^- \*\*([^*]+)\*\*: (.+)$", newest(board, "summary").body, re.M))
    assert told["Change that led to it"].startswith(
        "it has run out" if is_blamed else "unknown: no change"
    )
    assert ("3 min before the report" in told["Cause"]) is is_blamed


def test_what_is_said_again_stands_once_with_when_it_was_last_said() -> None:
    board = open_board()
    incident = board.incident
    incident.severity, incident.severity_reasons = "sev2", ["label critical: SEV2"]
    incident.save()
    for number, summary in enumerate(("a leak", "a leak", "a leak", "no leak", "a leak")):
        reach_diagnosis(
            investigation_id=board.pk, author="agent/reconciler", step_key=str(number),
            draft=DiagnosisDraft(DiagnosisVerdict.INCONCLUSIVE, summary),
        )  # fmt: skip
    resolve(board)
    told = [line for line in newest(board, "diagnosis").body.splitlines() if "leak" in line]
    assert [line.count("the same at") for line in told] == [1, 0, 0]
    moments = newest(board, "moments").body
    assert moments.count("inconclusive: a leak") == 2
    assert "Severity SEV2: label critical [" in newest(board, "impact").body
    assert all(count_unanchored(t.body) == 0 for t in board.report_texts.all())


def test_resolving_again_redrafts_only_what_nobody_touched() -> None:
    board, mira = open_board(), person("mira", "responder")
    resolve(board)
    reports.save_section(investigation_id=board.pk, section="repair", user=mira, body="By hand.",
                         base_version=1)  # fmt: skip
    change_incident_state(investigation_id=board.pk, to=IncidentState.OPEN, author="person/mira",
                          reason="it came back")  # fmt: skip
    resolve(board, "now really")
    assert (newest(board).version, newest(board).body) == (2, "By hand.")
    assert newest(board, "moments").version == 2
    assert "it came back" in newest(board, "moments").body


def test_versions_conflicts_and_restoring_lose_nothing() -> None:
    board = open_board()
    mira, jo = person("mira", "responder"), person("jo", "responder")
    resolve(board)
    start = board_snapshot(board.pk)
    save = {"investigation_id": board.pk, "section": "repair"}
    first = reports.save_section(**save, user=mira, body="Mira's", base_version=1)
    assert reports.save_section(**save, user=mira, body="Mira's", base_version=1).pk == first.pk
    with pytest.raises(reports.EditConflict, match="mira saved version 2 while you wrote"):
        reports.save_section(**save, user=jo, body="Jo's", base_version=1)
    reports.save_section(**save, user=jo, body="Both", base_version=2)
    back = reports.restore_section(**save, user=jo, version=2, base_version=3)
    assert (back.version, back.body, back.origin) == (4, "Mira's", ReportOrigin.RESTORE)
    anew = reports.regenerate_section(**save, user=jo, base_version=4)
    assert (anew.version, anew.origin) == (5, ReportOrigin.DRAFT)
    with pytest.raises(NotFound):
        reports.restore_section(**save, user=jo, version=77, base_version=5)
    with pytest.raises(NotFound):
        reports.save_section(
            investigation_id=board.pk, section="x", user=jo, body="", base_version=1
        )
    with pytest.raises(BoardError, match="20000"):
        reports.save_section(**save, user=jo, body="x" * 20_001, base_version=5)
    folded = start.collections
    for event in list_events(board.pk, after=start.sequence):
        apply_event(folded, event)
    assert folded == board_snapshot(board.pk).collections
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ReportText.objects.filter(pk=first.pk).update(body="")


def test_the_pages_of_editing() -> None:
    board, mira, jo = open_board(), person("mira", "responder"), person("jo", "responder")
    viewer = signed_in(person("vic", "viewer"))
    resolve(board)
    base = f"/i/{board.incident_id}/report/repair/"
    client = signed_in(mira)
    assert "No action was taken" in client.get(base).content.decode()
    saved = client.post(base, {"body": "<b>Ours</b>", "base_version": "1"})
    assert saved.headers["Location"].endswith("/report/?saved=repair#repair")
    late = signed_in(jo).post(base, {"body": "Mine & yours", "base_version": "1"})
    text = late.content.decode()
    assert late.status_code == 409
    assert "mira saved version 2 while you wrote. Nothing is lost" in text
    assert "Mine &amp; yours" in text
    assert "&lt;b&gt;Ours&lt;/b&gt;" in text
    assert 'name="base_version" value="2"' in text
    asked = client.get(f"{base}anew/").content.decode()
    assert "They stay as version 2" in asked
    assert newest(board).version == 2
    client.post(f"{base}anew/", {"base_version": "2"})
    versions = client.get(f"{base}versions/").content.decode()
    assert "<ins>&lt;b&gt;Ours&lt;/b&gt;</ins>" in versions
    client.post(f"{base}restore/", {"version": "2", "base_version": "3"})
    assert (newest(board).version, newest(board).body) == (4, "<b>Ours</b>")
    stale = client.post(f"{base}restore/", {"version": "1", "base_version": "3"})
    assert (stale.status_code, "Nothing was changed" in stale.content.decode()) == (409, True)
    assert client.get(f"/i/{board.incident_id}/report/nonsense/").status_code == 404
    for path in ("", "anew/", "restore/"):
        assert viewer.post(f"{base}{path}", {"body": "x", "base_version": "4"}).status_code == 403
    page = viewer.get(f"/i/{board.incident_id}/report/").content.decode()
    assert "Draft anew" not in page
    assert "&lt;b&gt;Ours&lt;/b&gt;" in page
    assert viewer.get(f"{base}versions/").status_code == 200


def test_an_incident_resolved_before_drafts_were_kept_has_one() -> None:
    board, mira = open_board(), person("mira", "responder")
    type(board.incident).objects.filter(pk=board.incident_id).update(state="resolved")
    page = signed_in(mira).get(f"/i/{board.incident_id}/report/").content.decode()
    assert "Key moments" in page
    assert ReportText.objects.count() == 0
    base = f"/i/{board.incident_id}/report/repair/"
    assert 'name="base_version" value="0"' in signed_in(mira).get(base).content.decode()
    signed_in(mira).post(base, {"body": "By hand.", "base_version": "0"})
    assert (newest(board).version, newest(board).body) == (2, "By hand.")
