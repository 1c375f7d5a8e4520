"""Calls: stored with their event, sent at least once, retried by rows, never in the incident's way."""

import hashlib
import hmac
import json
import socket
import socketserver
import threading
from contextlib import contextmanager
from datetime import time, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from investigations.domain.attention import neutral
from investigations.domain.board import post_entry
from investigations.domain.channels import (
    add_webhook,
    allow_host,
    allowed_hosts,
    secret_of,
    set_mail,
    set_preferences,
    subscribe,
)
from investigations.domain.diagnoses import DiagnosisDraft, reach_diagnosis
from investigations.domain.handoffs import offer_handoff
from investigations.domain.notifying import MAX_ATTEMPTS, deliver_due
from investigations.enums import DiagnosisVerdict, EntryKind, IncidentOrigin
from investigations.errors import BoardError
from investigations.models import (
    Attention,
    AttentionKind,
    Channel,
    Delivery,
    Incident,
    OutboundHost,
)
from investigations.sending import push
from tests.factories.board import open_board
from tests.factories.people import person
from tests.factories.servers import Answering, local_server

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def propose(board, state: str = "proposed", number: int = 1, **more: object) -> None:
    data = {"id": 70 + number, "number": number, "title": "Roll back payments", "state": state,
            "approvals": 0, "approvals_needed": 1, **more}  # fmt: skip
    post_entry(
        investigation_id=board.pk, kind=EntryKind.ACTION, key=f"A{number}", data=data, author="x",
        sentence="s",
    )  # fmt: skip


def hook(url: str, **more: object) -> Channel:
    OutboundHost.objects.get_or_create(
        host="127.0.0.1", defaults={"is_internal": True, "added_by": "x"}
    )
    options = {"name": "team", "format_name": "plain", "events": [], "has_practice": False, **more}
    return add_webhook(url=url, actor="person/ada", **options)


def test_a_proposed_action_reaches_the_webhook_signed_and_only_once() -> None:
    with local_server(lambda *_: Answering(body=b"ok")) as server:
        channel = hook(f"{server.url}/hook")
        board = open_board("payments <b>is</b> slow")
        propose(board)
        propose(board, result="still waits")
        assert Attention.objects.filter(kind="action_proposed").count() == 1
        deliver_due()
        deliver_due()
    assert len(server.asked) == 1
    _, _, headers, body = server.asked[0]
    sent = json.loads(body)
    assert sent["path"] == f"/i/{board.incident_id}/a/1/"
    assert "waits for approval" in sent["title"]
    assert "<b>" not in sent["text"]
    at, mac = headers["X-SRE-Signature"].removeprefix("t=").split(",v1=")
    signed = hmac.new(secret_of(channel).encode(), f"{at}.".encode() + body, hashlib.sha256)
    assert hmac.compare_digest(mac, signed.hexdigest())
    assert headers["X-SRE-Delivery"] == sent["dedup_key"]
    channel.refresh_from_db()
    assert channel.succeeded_at
    assert Delivery.objects.get().answer == "200 OK: ok"


def test_the_call_is_stored_with_its_event_or_not_at_all() -> None:
    board = open_board()
    with transaction.atomic():
        propose(board)
        transaction.set_rollback(True)
    assert not Attention.objects.filter(kind="action_proposed").exists()
    propose(board)
    assert Attention.objects.filter(kind="action_proposed").count() == 1


@pytest.mark.parametrize(
    ("more", "kind"),
    [({"state": "failed"}, "action_failed"), ({"state": "undone"}, "action_undone"),
     ({"approvals": 1, "approvals_needed": 2}, "action_quorum")],
)  # fmt: skip
def test_what_else_calls(more, kind) -> None:
    board = open_board()
    propose(board, **more)
    assert list(Attention.objects.values_list("kind", flat=True)) == [kind]


@pytest.mark.capability(22)
def test_evidence_that_disagrees_calls_responders_once() -> None:
    board = open_board()
    against = [{"agent": "resource", "text": "The disks are half <b>full</b>.", "evidence": 2}]

    def conclude(key: str, dissent: list, verdict: str = "inconclusive") -> None:
        draft = DiagnosisDraft(DiagnosisVerdict(verdict), "No cause found.", dissent=dissent)
        reach_diagnosis(
            investigation_id=board.pk, draft=draft, step_key=key, author="agent/reconciler"
        )

    conclude("a", [])
    conclude("b", against, "no_fault")
    assert not Attention.objects.exists(), "not knowing alone calls nobody"
    conclude("c", against)
    conclude("d", against)
    call = Attention.objects.get()
    assert (call.kind, call.audience, call.path) == (
        "disagreement", "responders", f"/i/{board.incident_id}/",
    )  # fmt: skip
    assert "the evidence disagrees, a person must look" in call.title
    assert "Against it: The disks are half" in call.text
    assert "<b>" not in call.text


def test_a_handoff_calls_only_the_one_named() -> None:
    offerer, named, other = (person(n, "responder") for n in ("mira", "jo", "kim"))
    for user in (offerer, named, other):
        Channel.objects.create(
            kind="email", person=user, name="m", target=f"{user.username}@x.example", created_by="x"
        )
    offer_handoff(investigation_id=open_board().pk, user=offerer, to_username="jo")
    deliver_due()
    assert [d.channel.person.username for d in Delivery.objects.all()] == ["jo"]


def test_an_incident_that_becomes_sev1_calls_responders_once() -> None:
    board = open_board()
    Incident.objects.filter(pk=board.incident_id).update(severity="sev1")
    from investigations.domain.lifecycle import take_lead

    take_lead(investigation_id=board.pk, user=person("a", "responder"))
    take_lead(investigation_id=board.pk, user=person("b", "responder"))
    found = Attention.objects.get(kind="severity")
    assert (found.audience, found.path) == ("responders", f"/i/{board.incident_id}/")


def test_a_receiver_that_fails_is_tried_again_later_and_shown() -> None:
    answers = iter([Answering(status=503, body=b"busy"), Answering(body=b"ok")])
    with local_server(lambda *_: next(answers)) as server:
        channel = hook(f"{server.url}/hook")
        propose(open_board())
        deliver_due()
        row = Delivery.objects.get()
        assert (row.state, row.attempts) == ("pending", 1)
        assert row.not_before > timezone.now()
        channel.refresh_from_db()
        assert "503" in channel.error
        deliver_due()
        assert len(server.asked) == 1
        Delivery.objects.update(not_before=timezone.now() - timedelta(seconds=1))
        deliver_due()
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 2)
    channel.refresh_from_db()
    assert channel.error == ""


@pytest.mark.parametrize(
    ("answer", "said"),
    [(Answering(status=400, body=b"no such channel"), "400"),
     (Answering(status=302, body=b""), "redirects are not followed")],
)  # fmt: skip
def test_what_cannot_help_is_not_tried_again(answer, said) -> None:
    with local_server(lambda *_: answer) as server:
        hook(f"{server.url}/hook")
        propose(open_board())
        deliver_due()
    row = Delivery.objects.get()
    assert row.state == "failed"
    assert said in row.answer


def test_it_gives_up_and_a_claim_that_was_lost_writes_nothing() -> None:
    hook(f"http://127.0.0.1:{_closed_port()}/hook")
    propose(open_board())
    deliver_due()
    Delivery.objects.update(attempts=MAX_ATTEMPTS - 1, not_before=timezone.now() - timedelta(1))
    deliver_due()
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("failed", MAX_ATTEMPTS)
    assert "no connection" in row.answer
    from investigations.domain.notifying import _settle
    from investigations.sending.outcome import Outcome

    Delivery.objects.update(state="pending", epoch=99)
    _settle(row, Outcome(is_sent=True, answer="late"))
    assert Delivery.objects.get().state == "pending"


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "host", ["", "a b", "https://x.example", "x.example/path", "x.example:99", "u@x.example"]
)
def test_only_names_of_hosts_are_listed(host) -> None:
    with pytest.raises(BoardError):
        allow_host(host=host, is_internal=False, actor="x")


def test_foreign_text_is_neutral_in_every_channel() -> None:
    evil = (
        "<!channel> @here \u202egnp.exe https://evil.example password=hunter22222\r\nBcc: a@b\u200b"
    )
    text = neutral(evil, limit=200)
    for bad in ("<", "@", "\u202e", "://", "hunter", "\n", "\r", "\u200b"):
        assert bad not in text
    with local_server(lambda *_: Answering()) as server:
        hook(f"{server.url}/hook", format_name="slack")
        propose(open_board(evil), title=f"Roll *back* {evil}"[:150])
        deliver_due()
    sent = json.loads(server.asked[0][3])["text"]
    assert "<!" not in sent
    assert "*back*" not in sent


@contextmanager
def smtp():
    """A mail server that keeps what it is given."""
    kept: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 x\r\n")
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word == b"DATA":
                    self.wfile.write(b"354 go\r\n")
                    data = b""
                    while (piece := self.rfile.readline()) != b".\r\n":
                        data += piece
                    kept.append(data)
                self.wfile.write(b"250 ok\r\n")
                if word == b"QUIT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], kept
        server.shutdown()


def test_mail_reaches_those_who_may_approve(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "127.0.0.1", "room@x.example"
    settings.EMAIL_USE_TLS = False
    settings.PUBLIC_URL = "https://room.example"
    approver, viewer = person("jo", "approver"), person("vi", "viewer")
    with smtp() as (port, kept):
        settings.EMAIL_PORT = port
        set_mail(user=approver, address="jo@x.example")
        set_mail(user=viewer, address="vi@x.example")
        board = open_board()
        propose(board)
        deliver_due()
    assert len(kept) == 1
    text = kept[0].decode()
    assert "To: jo@x.example" in text
    assert f"https://room.example/i/{board.incident_id}/a/1/" in text


def test_mail_needs_a_server_and_an_address_that_may_be_used(settings) -> None:
    user = person("jo", "approver")
    settings.EMAIL_HOST = ""
    with pytest.raises(BoardError, match="No mail server"):
        set_mail(user=user, address="jo@x.example")
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "127.0.0.1", "room@x.example"
    settings.EMAIL_DOMAINS = ["x.example"]
    for address in ("nothing", "a@b\r\nBcc: c@d.example", "jo@other.example"):
        with pytest.raises(BoardError):
            set_mail(user=user, address=address)
    assert not Channel.objects.exists()


def test_a_browser_is_called_and_forgotten_when_it_has_gone(settings) -> None:
    settings.VAPID = {"private_key": push.make_private_key(), "subject": "mailto:a@x.example"}
    answers = iter([Answering(status=201), Answering(status=410)])
    browser = push.private_key(push.make_private_key())
    OutboundHost.objects.create(host="127.0.0.1", is_internal=True, added_by="x")
    user = person("jo", "approver")
    with local_server(lambda *_: next(answers)) as server:
        subscribe(
            user=user, endpoint=f"{server.url}/s", auth=push.b64(b"a" * 16), name="Phone",
            p256dh=push.b64(push.point(browser.public_key())),
        )  # fmt: skip
        board = open_board()
        propose(board)
        deliver_due()
        assert Delivery.objects.get().state == "sent"
        propose(board, number=2)
        deliver_due()
    _, _, headers, body = server.asked[0]
    assert headers["Content-Encoding"] == "aes128gcm"
    _check_sender(headers["Authorization"], settings.VAPID["private_key"])
    data = json.loads(_opened(body, browser, b"a" * 16))
    assert data["path"] == f"/i/{board.incident_id}/a/1/"
    channel = Channel.objects.get(kind="push")
    assert not channel.is_enabled


def _check_sender(header: str, key: str) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    token = header.removeprefix("vapid t=").partition(",")[0]
    signed, _, signature = token.rpartition(".")
    raw = push.unb64(signature)
    whole = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    push.private_key(key).public_key().verify(whole, signed.encode(), ec.ECDSA(hashes.SHA256()))


def _opened(body: bytes, browser, auth: bytes) -> bytes:
    """What a browser does with what it is sent."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, sender = body[:16], body[21:86]
    shared = browser.exchange(
        ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(push.CURVE, sender)
    )
    info = b"WebPush: info\0" + push.point(browser.public_key()) + sender
    secret = push._hkdf(shared, auth, info, 32)
    key = push._hkdf(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = push._hkdf(secret, salt, b"Content-Encoding: nonce\0", 12)
    return AESGCM(key).decrypt(nonce, body[86:], None).rstrip(b"\x02")


@pytest.mark.parametrize("endpoint", ["https://evil.example/x", "http://127.0.0.1/x", "x"])
def test_no_browser_can_make_us_ask_elsewhere(settings, endpoint) -> None:
    settings.VAPID = {"private_key": push.make_private_key(), "subject": "mailto:a@x.example"}
    with pytest.raises(BoardError):
        subscribe(user=person("jo", "viewer"), endpoint=endpoint, p256dh="x", auth="x", name="")
    assert allowed_hosts(is_push=True).allows("fcm.googleapis.com")
    assert not allowed_hosts(is_push=True).allows("evilfcm.googleapis.com")


def test_what_a_person_does_not_want_is_not_sent() -> None:
    users = [person(n, "approver") for n in ("all", "few", "asleep")]
    for user in users:
        Channel.objects.create(
            kind="push", person=user, name=user.username, target=f"https://x.example/{user.pk}",
            keys={"p256dh": "", "auth": ""}, created_by="x",
        )  # fmt: skip
    whole_day = {"quiet_from": time(0), "quiet_until": time(23, 59, 59)}
    for user, events, quiet in (
        (users[1], [AttentionKind.HANDOFF], {"quiet_from": None, "quiet_until": None}),
        (users[2], list(AttentionKind), whole_day),
    ):
        set_preferences(
            user=user, events=events, zone="UTC", is_woken_by_sev1=True, has_practice=False, **quiet
        )
    board = open_board()
    propose(board)
    deliver_due()
    states = {d.channel.name: d.state for d in Delivery.objects.select_related("channel")}
    assert states == {"all": "failed", "asleep": "skipped"}
    Incident.objects.filter(pk=board.incident_id).update(origin=IncidentOrigin.PRACTICE)
    propose(board, number=2)
    deliver_due()
    assert Delivery.objects.count() == 2
