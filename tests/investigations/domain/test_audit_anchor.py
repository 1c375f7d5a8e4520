"""The audit log against tampering: what the chain shows, and what only an anchor shows."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from investigations.domain.audit import check_audit, record_audit, verify_audit
from investigations.domain.journal import chain_hash
from investigations.models import AuditEntry

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def log():
    for number in range(6):
        record_audit(actor="person/mira", verb="action.approved", subject=f"action/{number}")
    return list(AuditEntry.objects.order_by("id"))


def tamper(statement: str, *values: object) -> None:
    """Change the table as its owner can: with the trigger out of the way."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE investigations_auditentry DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        cursor.execute("ALTER TABLE investigations_auditentry ENABLE TRIGGER USER")


def test_an_anchor_shows_that_the_newest_entries_are_gone(log, tmp_path, capsys) -> None:
    anchor = tmp_path / "anchors"
    call_command("verify_audit", anchor=anchor)
    record_audit(actor="system", verb="x.done", subject="x")
    call_command("verify_audit", anchor=anchor)
    assert "1 anchors are met" in capsys.readouterr().out
    tamper("DELETE FROM investigations_auditentry WHERE id > %s", log[3].pk)
    assert verify_audit() is None, "what is left follows"
    with pytest.raises(CommandError, match="2 of 2 anchors"):
        call_command("verify_audit", anchor=anchor)
    assert len(anchor.read_text().splitlines()) == 2


def test_an_anchor_shows_a_log_that_was_written_anew(log, tmp_path) -> None:
    anchor = tmp_path / "anchors"
    call_command("verify_audit", anchor=anchor)
    previous = ""
    for entry in log:
        body = {"at": entry.at.isoformat(), "actor": "person/ray", "verb": entry.verb,
                "subject": entry.subject, "detail": entry.detail}  # fmt: skip
        new = chain_hash(previous, body)
        tamper("UPDATE investigations_auditentry SET actor = %s, previous_hash = %s, hash = %s "
               "WHERE id = %s", "person/ray", previous, new, entry.pk)  # fmt: skip
        previous = new
    assert verify_audit() is None, "the forger computed every hash anew"
    with pytest.raises(CommandError, match="written anew"):
        call_command("verify_audit", anchor=anchor)


@pytest.mark.parametrize("statement", [
    "UPDATE investigations_auditentry SET detail = '{\"a\": 1}' WHERE id = %s",
    "UPDATE investigations_auditentry SET at = at + interval '1 second' WHERE id = %s",
    "DELETE FROM investigations_auditentry WHERE id = %s",
])  # fmt: skip
def test_the_chain_shows_what_was_changed_in_the_middle(log, statement, tmp_path) -> None:
    tamper(statement, log[2].pk)
    assert check_audit(()).broken in {log[2].pk, log[3].pk}
    with pytest.raises(CommandError, match="breaks at entry"):
        call_command("verify_audit", anchor=tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"entry": "x", "hash": "", "at": ""}', "1"])
def test_what_is_no_file_of_anchors_is_named_and_left_alone(log, text, tmp_path) -> None:
    path = tmp_path / "anchors"
    path.write_text(text)
    with pytest.raises(CommandError, match="is not a file of anchors"):
        call_command("verify_audit", anchor=path)
    assert path.read_text() == text


def test_without_an_anchor_it_says_what_it_cannot_know(log, capsys) -> None:
    call_command("verify_audit")
    said = capsys.readouterr().out
    assert "all 6 entries" in said
    assert "not known without --anchor" in said
