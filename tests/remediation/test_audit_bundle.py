"""A month of the audit log, signed, and held against the rules of safety."""

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import connection

from investigations.domain.audit import record_audit
from investigations.domain.clock import database_now
from investigations.models import AuditEntry
from remediation.domain import kill_switch
from remediation.domain.audit_bundle import (
    CHECKS,
    DECISIONS,
    ENTRIES,
    MANIFEST,
    Month,
    make_bundle,
    read_bundle,
)
from remediation.domain.execution import execute
from remediation.domain.safety_record import check_record
from remediation.errors import BundleRefused
from remediation.models import Action, Execution
from tests.factories.actions import approve, plan_action
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def incident(lab_incident):
    return lab_incident("bad_release_errors", is_worked=False)


@pytest.fixture
def done(incident) -> Action:
    action = approve(plan_action(incident))
    execute(action.pk)
    return action


def this_month() -> Month:
    now = database_now().astimezone(UTC)
    return Month(now.year, now.month)


def tamper(statement: str) -> None:
    """Change the table as its owner can: with the trigger out of the way."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE investigations_auditentry DISABLE TRIGGER USER")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE investigations_auditentry ENABLE TRIGGER USER")


def failed(month: Month) -> dict[str, tuple[str, ...]]:
    return {c.name: c.broken for c in check_record(month.begins, month.ends) if not c.has_passed}


def repacked(packed: bytes, **changed: bytes) -> bytes:
    """Return a bundle in which some files have other bytes; names with ``_`` for ``.``."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(held, "w") as new:
        for name in old.namelist():
            new.writestr(name, changed.get(name.replace(".", "_"), old.read(name)))
    return held.getvalue()


def member(packed: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return archive.read(name)


@pytest.mark.capability(87)
def test_a_month_is_signed_read_and_looked_for(done: Action, tmp_path: Path, capsys) -> None:
    key, out, public = tmp_path / "key", tmp_path / "month.zip", tmp_path / "public"
    call_command("make_audit_key", key)
    public.write_text(capsys.readouterr().out)
    assert key.stat().st_mode & 0o777 == 0o600
    call_command("sign_audit", str(this_month()), key=key, out=out)
    decisions = json.loads(member(out.read_bytes(), DECISIONS))
    assert decisions["approval.approve"] == decisions["action.running"] == 1
    checks = {c["name"]: c for c in json.loads(member(out.read_bytes(), CHECKS))["checks"]}
    assert {"approved", "unchanged", "in_time", "stopped", "audited", "journals"} == set(checks)
    assert all(c["has_passed"] and c["examined"] == 1 for c in checks.values())
    call_command("verify_audit", bundle=out, public=public)
    told = capsys.readouterr().out
    assert "signed and whole" in told
    assert "What the bundle holds is still in the log." in told
    tamper(
        "DELETE FROM investigations_auditentry WHERE id = (SELECT max(id) FROM investigations_auditentry)"
    )
    with pytest.raises(CommandError, match="cut off or written anew"):
        call_command("verify_audit", bundle=out, public=public)


def test_what_was_changed_after_signing_is_not_believed(done: Action) -> None:
    key = Ed25519PrivateKey.generate()
    packed = make_bundle(this_month(), key=key)
    assert packed == make_bundle(this_month(), key=key), "the same log gives the same bytes"
    public = key.public_key()
    assert read_bundle(packed, key=public).failed_checks == ()
    entries = member(packed, ENTRIES)
    for forged in (
        repacked(packed, entries_jsonl=entries.replace(b"approve", b"deny___")),
        repacked(packed, entries_jsonl=b"\n".join(entries.splitlines()[:-1])),
        repacked(packed, checks_json=b'{"checks":[]}'),
        repacked(packed, manifest_json=member(packed, MANIFEST).replace(b"sre-", b"SRE-")),
        repacked(packed, manifest_sig=b"00" * 64),
        repacked(packed, manifest_sig=b"no hex"),
        b"no zip",
        make_bundle(this_month(), key=Ed25519PrivateKey.generate()),
    ):
        with pytest.raises(BundleRefused):
            read_bundle(forged, key=public)


def over(action: Action) -> Action:
    """Let another be planned beside it."""
    Action.objects.filter(pk=action.pk).update(state="failed")
    return action


def test_each_rule_fails_when_it_was_broken(incident, done: Action) -> None:
    month = this_month()
    assert failed(month) == {}
    over(done)
    unapproved = over(plan_action(incident, service="payments", number=2))
    Execution.objects.create(action=unapproved, key="made-2")
    told = failed(month)
    assert set(told) == {"approved", "in_time", "audited"}
    assert told["approved"] == (f"action/{unapproved.pk}",)
    stopped, later = (
        over(approve(plan_action(incident, service=name, number=number), f"approver-{number}"))
        for number, name in ((3, "search"), (4, "users"))
    )
    kill_switch.engage(person=person("ray", "responder"), scope="action/scale")
    Execution.objects.create(action=stopped, key="made-3")
    kill_switch.release(person=person("vera", "approver"), reason="Well", scope="action/scale")
    Execution.objects.create(action=later, key="made-4")
    assert failed(month)["stopped"] == (f"action/{stopped.pk}",)
    assert failed(month)["approved"] == told["approved"]
    Action.objects.filter(pk=done.pk).update(payload={"replicas": 99})
    assert failed(month)["unchanged"] == (f"action/{done.pk}",)


def test_a_broken_log_is_not_signed(done: Action) -> None:
    tamper(
        "UPDATE investigations_auditentry SET actor = 'person/nobody' WHERE actor = 'person/mira'"
    )
    with pytest.raises(BundleRefused, match="nothing is signed"):
        make_bundle(this_month(), key=Ed25519PrivateKey.generate())


def test_a_month_holds_its_own_entries_only(settings) -> None:
    record_audit(actor="system", verb="made.now", subject="made/1")
    key = Ed25519PrivateKey.generate()
    month = this_month()
    before = Month(month.year - 1, 12)
    empty = make_bundle(before, key=key)
    assert read_bundle(empty, key=key.public_key()).entries == 0
    assert (
        read_bundle(make_bundle(month, key=key), key=key.public_key()).entries
        == AuditEntry.objects.count()
    )
    assert (before.ends, before.begins) == (
        datetime(month.year, 1, 1, tzinfo=UTC), datetime(month.year - 1, 12, 1, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize("given", ["", "2026", "2026-13", "november", "2026-11-01"])
def test_what_is_no_month_is_refused_in_words(given: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    call_command("make_audit_key", key)
    with pytest.raises(CommandError, match="is not a month"):
        call_command("sign_audit", given, key=key)


def test_keys_that_are_none_are_refused_in_words(tmp_path: Path, done: Action) -> None:
    key = tmp_path / "key"
    call_command("make_audit_key", key)
    with pytest.raises(CommandError, match="is there already"):
        call_command("make_audit_key", key)
    with pytest.raises(CommandError, match="is not a private key"):
        call_command("sign_audit", str(this_month()), key=tmp_path / "none")
    with pytest.raises(CommandError, match="has not begun"):
        call_command("sign_audit", "2999-01", key=key)
    out = tmp_path / "month.zip"
    call_command("sign_audit", str(this_month()), key=key, out=out)
    with pytest.raises(CommandError, match="needs --public"):
        call_command("verify_audit", bundle=out)
    with pytest.raises(CommandError, match="is not a public key"):
        call_command("verify_audit", bundle=out, public=key)
