"""The page of connections: what a worker found, shown; who may ask; what was never told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from investigations.domain.connections import TITLES, request_checks, run_checks, save_check
from investigations.models import AuditEntry, ConnectionCheck
from lab.inprocess import InProcessLabClient
from remediation.domain.checking import check_executor
from telemetry.adapters.lab import open_lab_sources
from telemetry.backends import broken_sources, override_sources
from tests.factories.people import person
from tests.lab.practice import started

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
Status = ConnectionCheck.Status


@pytest.fixture
def signed_in(client):
    def make(*roles: str):
        client.force_login(person("-".join(["mira", *roles]), *roles))
        return client

    return make


def test_each_part_tells_what_it_really_answered(signed_in, monkeypatch) -> None:
    world = started("bad_release_errors")
    monkeypatch.setattr(
        "investigations.domain.connections.database_now", lambda: world.at(world.step)
    )
    with override_sources(open_lab_sources(InProcessLabClient(world))):
        run_checks()
    page = signed_in("viewer").get("/connections/").content.decode()
    assert set(ConnectionCheck.objects.values_list("status", flat=True)) <= {"ok", "partial"}
    assert "the meaning is known" in page
    assert "storefront calls" in page
    assert "workloads" in page


def test_what_does_not_answer_says_why(signed_in) -> None:
    with override_sources(broken_sources("prometheus", "no connection (refused)")):
        run_checks()
    assert set(ConnectionCheck.objects.values_list("status", flat=True)) == {"error"}
    assert "no connection (refused)" in signed_in("viewer").get("/connections/").content.decode()


def test_asking_is_for_responders_and_is_audited(signed_in) -> None:
    assert signed_in("viewer").post("/connections/test/").status_code == 403
    assert not ConnectionCheck.objects.exists()
    client = signed_in("responder")
    assert client.post("/connections/test/").status_code == 302
    assert ConnectionCheck.objects.filter(status=Status.WAITING).count() == len(TITLES)
    assert AuditEntry.objects.get(verb="connections.tested").actor == "person/mira-responder"
    assert "being tested" in client.get("/connections/").content.decode()


def test_a_worker_that_never_answers_is_said(signed_in) -> None:
    request_checks(actor="person/x")
    ConnectionCheck.objects.update(requested_at=timezone.now() - timedelta(minutes=2))
    page = signed_in("viewer").get("/connections/").content.decode()
    assert "no worker has answered" in page
    assert 'hx-trigger="every 1s"' not in page


def test_answers_are_text_and_hold_no_secret(signed_in) -> None:
    save_check(
        "logs", Status.OK, "<b>bold</b>", sample=["password=hunter22222", "<script>x</script>"]
    )
    page = signed_in("viewer").get("/connections/").content.decode()
    assert "hunter22222" not in page
    assert "<b>bold</b>" not in page
    assert "<script>x</script>" not in page


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [("live", "no_data", "KUBERNETES_REMEDIATE_KUBECONFIG"), ("lab", "ok", "practice system")],
)
def test_the_executor_tells_what_it_may(settings, kind, status, said) -> None:
    settings.TELEMETRY_DEFAULT = {"kind": kind}
    check_executor()
    found = ConnectionCheck.objects.get(part="executor")
    assert found.status == status
    assert said in found.sentence
