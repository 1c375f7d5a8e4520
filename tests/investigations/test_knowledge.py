"""Knowledge: imported, cut, found for an incident, cited, judged; and facts from what was fixed."""

import subprocess

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from investigations.domain.board import post_entry, post_note
from investigations.domain.diagnoses import DiagnosisDraft, reach_diagnosis
from investigations.domain.facts import learn_when_due
from investigations.domain.incidents import change_incident_state
from investigations.domain.knowledge import (
    MAX_TEXT,
    DocumentDraft,
    embed_document,
    import_document,
)
from investigations.domain.memory import remember
from investigations.domain.passages import cut, read_header
from investigations.enums import DiagnosisVerdict, EntryKind, IncidentState
from investigations.errors import BoardError
from investigations.models import (
    AuditEntry,
    DocumentKind,
    KnowledgeChunk,
    KnowledgeDocument,
    LearnedFact,
)
from investigations.presenters.markdown import render_markdown
from investigations.queries.knowledge import passages_for
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
RUNBOOK = """# Payments is slow
services: payments

## Check the pool
Look at the connections to the database of orders.

## Retry storm
When retries rise, take the last release of payments back: latency falls within two minutes.
"""


@pytest.fixture
def signed_in(client):
    def make(*roles: str):
        client.force_login(person("-".join(["mira", *roles]), *roles))
        return client

    return make


def add(text: str = RUNBOOK, source: str = "test: a.md", **more: object) -> KnowledgeDocument:
    draft = DocumentDraft(kind=DocumentKind.RUNBOOK, text=text, source=source, **more)
    return import_document(draft, author="person/jo").document


def test_a_text_is_cut_at_its_headings_and_tells_its_services() -> None:
    header = read_header(RUNBOOK, fallback="x")
    assert (header.title, header.services) == ("Payments is slow", ("payments",))
    assert [p.heading for p in cut(RUNBOOK)] == [
        "Payments is slow",
        "Check the pool",
        "Retry storm",
    ]
    long = cut("word " * 5000)
    assert len(long) > 20
    assert max(len(p.text) for p in long) < 2000
    assert [p.heading for p in cut("```\n# no heading\n```\ntext")] == [""]


def test_importing_again_changes_only_what_changed() -> None:
    first = add()
    draft = DocumentDraft(kind=DocumentKind.RUNBOOK, text=RUNBOOK, source="test: a.md")
    assert import_document(draft, author="x").outcome == "unchanged"
    second = add(RUNBOOK + "\n## More\nText.")
    assert (second.pk, second.version, second.chunks.count()) == (first.pk, 2, 4)
    assert AuditEntry.objects.filter(verb__startswith="knowledge.").count() == 2


@pytest.mark.parametrize("text", ["", "  \n ", "x" * (MAX_TEXT + 1)])
def test_what_is_no_text_or_too_much_is_refused_in_words(text) -> None:
    with pytest.raises(BoardError):
        add(text)
    assert not KnowledgeDocument.objects.exists()


@pytest.mark.capability(31)
def test_the_document_that_fits_an_incident_is_cited_with_its_passage(signed_in) -> None:
    wanted = add()
    add("# Bake bread\nFlour, water, salt. Knead it for ten minutes.", "test: b.md")
    for document in KnowledgeDocument.objects.all():
        assert embed_document(document.pk) > 0
    investigation = open_board("payments is slow: p99 latency 1.9 s")
    remember(investigation.incident_id)
    reach(investigation, "retry_storm")
    found = passages_for(investigation.incident)
    assert [p.document for p in found] == [wanted]
    assert found[0].chunk.heading == "Retry storm"
    assert "names the service" in found[0].reasons
    client = signed_in("viewer")
    address = f"/i/{investigation.incident_id}/knowledge/"
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "Runbook: " in part
    assert "<html" not in part
    assert "Retry storm" in client.get(address).content.decode()
    assert client.get("/i/0/knowledge/").status_code == 404


def test_likeness_finds_what_shares_no_word_and_is_made_only_once() -> None:
    text = "# Customers cannot pay\nThe checkout times out since card authorisation takes too long."
    document = add(text, "test: c.md")
    assert embed_document(document.pk) == 1
    assert embed_document(document.pk) == 0
    investigation = open_board("Credit card charges are very slow for shoppers")
    remember(investigation.incident_id)
    assert [p.document for p in passages_for(investigation.incident)] == [document]


def reach(investigation, fault_class: str) -> None:
    note = post_note(investigation_id=investigation.pk, text="seen", author="x", step_key="note")
    reach_diagnosis(
        investigation_id=investigation.pk, author="agent/reconciler", step_key="r1/reconcile",
        draft=DiagnosisDraft(
            verdict=DiagnosisVerdict.LIKELY_CAUSE, summary="It is so.", resource="service/payments",
            fault_class=fault_class, confidence=0.8, cited=[note.number],
        ),
    )  # fmt: skip


def resolve(investigation) -> None:
    post_entry(
        investigation_id=investigation.pk, kind=EntryKind.ACTION, key="A1", author="x",
        sentence="s", data={"number": 1, "title": "Roll back payments", "state": "succeeded"},
    )  # fmt: skip
    change_incident_state(
        investigation_id=investigation.pk, to=IncidentState.RESOLVED, author="person/jo",
        reason="Fixed.",
    )  # fmt: skip


def test_resolved_incidents_teach_a_fact_that_a_person_approves(signed_in) -> None:
    boards = [open_board(), open_board(), open_board()]
    for board in boards:
        reach(board, "retry_storm")
        resolve(board)
    for _ in range(2):
        assert learn_when_due(is_forced=True) is not None
    fact = LearnedFact.objects.get()
    assert fact.cases.count() == 3
    client = signed_in("responder")
    assert "3 times" in client.get("/knowledge/").content.decode()
    room = f"/i/{boards[0].incident_id}/knowledge/"
    assert "Learned:" not in client.get(room).content.decode()
    assert client.post(f"/knowledge/facts/{fact.pk}/", {"to": "approved"}).status_code == 302
    assert "Learned: retry storm at payments was fixed by" in client.get(room).content.decode()
    assert client.post(f"/knowledge/facts/{fact.pk}/", {"to": "retired"}).status_code == 422
    assert client.post(
        f"/knowledge/facts/{fact.pk}/", {"to": "retired", "reason": "Outdated"}
    ).status_code == 302  # fmt: skip
    assert "Learned:" not in client.get(room).content.decode()


def test_an_incident_without_a_verified_fix_teaches_nothing() -> None:
    board = open_board()
    reach(board, "retry_storm")
    change_incident_state(
        investigation_id=board.pk, to=IncidentState.RESOLVED, author="person/jo", reason="x"
    )
    learn_when_due(is_forced=True)
    assert not LearnedFact.objects.exists()


def test_only_responders_write_and_a_stale_edit_saves_nothing(signed_in) -> None:
    document = add()
    viewer = signed_in("viewer")
    for address in ("import/", "facts/1/", f"{document.pk}/state/", f"{document.pk}/helped/",
                    f"{document.pk}/edit/"):  # fmt: skip
        assert viewer.post(f"/knowledge/{address}").status_code == 403
    assert "Import" not in viewer.get("/knowledge/").content.decode()
    client = signed_in("responder")
    edit = f"/knowledge/{document.pk}/edit/"
    typed = {"text": "# New\ntext", "services": "payments", "digest": document.digest}
    assert client.post(edit, typed).status_code == 302
    document.refresh_from_db()
    assert (document.title, document.trust, document.version) == ("New", "reviewed", 2)
    again = client.post(edit, {**typed, "text": "# Mine\ntyped words"})
    assert again.status_code == 422
    assert "typed words" in again.content.decode()
    assert "changed since you opened it" in again.content.decode()


def test_use_and_help_are_remembered_and_retired_ones_are_not_cited(signed_in) -> None:
    document, incident = add(), open_board().incident
    client = signed_in("responder")
    client.get(f"/knowledge/{document.pk}/?incident={incident.pk}")
    sent = {"incident": incident.pk, "helped": "yes"}
    client.post(f"/knowledge/{document.pk}/helped/", sent)
    assert "1 yes, 0 no" in client.get("/knowledge/").content.decode()
    assert passages_for(incident)
    client.post(f"/knowledge/{document.pk}/state/", {"do": "retire", "reason": "Old"})
    assert not passages_for(incident)
    assert "Payments is slow" not in client.get("/knowledge/").content.decode()
    assert "Payments is slow" in client.get("/knowledge/?retired=1").content.decode()


def test_an_import_by_form_keeps_what_was_typed_when_it_is_refused(signed_in) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    client = signed_in("responder")
    file = SimpleUploadedFile("slow.md", RUNBOOK.encode())
    assert client.post("/knowledge/import/", {"kind": "runbook", "file": file}).status_code == 302
    assert KnowledgeDocument.objects.get().source == "upload: slow.md"
    bad = SimpleUploadedFile("bad.md", b"\xff\xfe\x00bad")
    refused = client.post(
        "/knowledge/import/", {"kind": "runbook", "title": "My title", "file": bad}
    )
    assert refused.status_code == 422
    assert "My title" in refused.content.decode()
    assert "not text in UTF-8" in refused.content.decode()
    neither = client.post("/knowledge/import/", {"kind": "runbook"})
    assert "one of the two" in neither.content.decode()


def test_a_folder_and_a_git_revision_are_imported(tmp_path, capsys) -> None:
    (tmp_path / "a.md").write_text(RUNBOOK)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.md").write_text("# B\ntext")
    (tmp_path / "empty.md").write_text("")
    (tmp_path / "out.md").symlink_to("/etc/hostname")
    call_command("import_runbooks", str(tmp_path))
    assert "2 added, 0 changed, 0 unchanged, 1 refused" in capsys.readouterr().out
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@x"]
    for command in (["init", "-q"], ["add", "a.md"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], check=True)
    call_command("import_runbooks", str(tmp_path), "--git", "HEAD")
    assert "1 added" in capsys.readouterr().out
    assert len(KnowledgeDocument.objects.get(source__startswith="git ").revision) == 40
    with pytest.raises(CommandError):
        call_command("import_runbooks", str(tmp_path), "--git", "--upload-pack=touch x")
    with pytest.raises(CommandError):
        call_command("import_runbooks", str(tmp_path / "nothing"))


HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)", "![x](https://evil.example/pixel.png)",
    "<div hx-get='/kill-switch/'>x</div>", "[x](JaVaScRiPt&colon;alert(1))",
    "`<b>`", "<a href='//evil' onclick=x>", "[a](<javascript:alert(1)>)", "<https://x/\"onclick=a>",
    "[x]: javascript:alert(1)\n\n[x]", "| a |\n|---|\n| <script>x</script> |",
    "![x](javascript:alert(1))", "> <iframe src=//evil>",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_markdown_becomes_anything_but_plain_markup(text) -> None:
    from html.parser import HTMLParser

    seen: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append((tag, dict(attrs)))

    Reader().feed(render_markdown(text))
    plain = {"p", "a", "code", "pre", "blockquote", "table", "thead", "tbody", "tr", "th", "td"}
    assert {tag for tag, _ in seen} <= plain
    for _, attributes in seen:
        assert set(attributes) <= {"href", "rel", "title"}
        assert (attributes.get("href") or "https:").startswith(("http:", "https:", "mailto:"))


def test_headings_stand_below_the_pages_own_and_reordering_is_gone() -> None:
    markup = render_markdown("# A\n\nx\u202egnp.exe\n\n- one\n")
    assert "<h3>A</h3>" in markup
    assert "<h3>B</h3>" in render_markdown("#### B")
    assert "<h4>C</h4>" in render_markdown("# A\n\n###### C")
    assert "\u202e" not in markup
    assert "<li>one</li>" in markup


def test_secrets_in_a_text_are_masked() -> None:
    document = add("# A\npassword: hunter22222\n")
    assert "hunter" not in document.text
    assert not KnowledgeChunk.objects.filter(text__contains="hunter").exists()


@pytest.mark.parametrize("address", ["/knowledge/", "/knowledge/{d}/", "/i/{i}/knowledge/"])
def test_as_many_queries_for_three_as_for_one(
    signed_in, address, django_assert_max_num_queries
) -> None:
    client = signed_in("responder")
    document, board = add(), open_board()
    reach(board, "retry_storm")
    resolve(board)
    learn_when_due(is_forced=True)
    where = address.format(d=document.pk, i=board.incident_id)
    client.get(where)
    with django_assert_max_num_queries(99) as one:
        client.get(where)
    for number in range(2):
        add(RUNBOOK + str(number), f"test: {number}.md")
        other = open_board()
        reach(other, "lock_contention")
        resolve(other)
    learn_when_due(is_forced=True)
    LearnedFact.objects.update(state="approved", decided_by="x")
    with django_assert_max_num_queries(99) as three:
        client.get(where)
    assert len(one) == len(three)
