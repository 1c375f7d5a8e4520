"""Following a status: who asked is told by their own channels, and nobody else is."""

import pytest
from django.db import transaction

from investigations.domain.channels import known_events, set_mail, set_preferences
from investigations.domain.incidents import change_incident_state
from investigations.domain.lifecycle import take_lead
from investigations.domain.notifying import expand_new
from investigations.domain.updates import post_update
from investigations.enums import IncidentState
from investigations.models import (
    FOR_RESPONDERS,
    Attention,
    AttentionKind,
    Channel,
    Delivery,
    OutboundHost,
    StatusFollower,
)
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def mail_server(settings):
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "mail.example.org", "sre@example.org"


@pytest.fixture
def board():
    return open_board()


def mailed(name: str, *roles: str):
    user = person(name, *roles)
    set_mail(user=user, address=f"{name}@example.org")
    return user


def tell(board, who, text: str = "We roll it back.") -> list[str]:
    """Post an update and return whom it goes to."""
    before = set(Delivery.objects.values_list("pk", flat=True))
    with transaction.atomic():
        post_update(
            investigation_id=board.pk, user=who, text=text, impact="12% fail", next_minutes=30
        )
    expand_new()
    rows = Delivery.objects.exclude(pk__in=before).filter(state="pending")
    return sorted(rows.values_list("channel__target", flat=True))


def test_only_who_follows_this_incident_is_told(board, client) -> None:
    rosa, vic, jo = mailed("rosa", "responder"), mailed("vic", "viewer"), mailed("jo", "responder")
    other = open_board()
    for user, incident in ((vic, board.incident_id), (jo, other.incident_id)):
        client.force_login(user)
        assert client.post(f"/i/{incident}/status/follow/").status_code == 302
        assert client.post(f"/i/{incident}/status/follow/").status_code == 302
    assert tell(board, rosa) == ["vic@example.org"]
    call = Attention.objects.get(kind=AttentionKind.STATUS)
    assert call.title == f"INC-{board.incident_id} status: payments is slow"
    assert call.text.startswith("We roll it back. 12% fail Next update by ")
    client.force_login(vic)
    assert "Stop following" in client.get(f"/i/{board.incident_id}/status/").content.decode()
    client.post(f"/i/{board.incident_id}/status/follow/", {"do": "stop"})
    assert "Follow this status" in client.get(f"/i/{board.incident_id}/status/").content.decode()
    assert tell(board, rosa, "It is back.") == []


def test_the_end_is_told_once_whatever_changes_after_it(board) -> None:
    rosa, vic = mailed("rosa", "responder"), mailed("vic", "viewer")
    StatusFollower.objects.create(incident=board.incident, person=vic)
    change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED, reason="rolled back",
                          author="person/rosa")  # fmt: skip
    take_lead(investigation_id=board.pk, user=rosa)
    expand_new()
    assert list(Delivery.objects.values_list("channel__target", flat=True)) == ["vic@example.org"]
    assert Attention.objects.get().title.startswith(f"INC-{board.incident_id} is resolved")


def test_quiet_hours_hold_and_whoever_may_no_longer_look_is_not_told(board) -> None:
    rosa, vic, gone = mailed("rosa", "responder"), mailed("vic", "viewer"), mailed("gone", "viewer")
    for user in (vic, gone):
        StatusFollower.objects.create(incident=board.incident, person=user)
    gone.groups.clear()
    set_preferences(user=vic, events=["handoff"], quiet_from=None, quiet_until=None, zone="UTC",
                    is_woken_by_sev1=True, has_practice=False)  # fmt: skip
    assert tell(board, rosa) == ["vic@example.org"], "asked for, whatever else calls them"
    vic.notification_preference.quiet_from = "00:00"
    vic.notification_preference.quiet_until = "23:59:59.999999"
    vic.notification_preference.save()
    assert tell(board, rosa, "Still at it.") == []


def test_a_shared_webhook_takes_updates_only_where_it_says_so(board) -> None:
    rosa = person("rosa", "responder")
    OutboundHost.objects.create(host="hooks.example.org", added_by="x")
    every = [*FOR_RESPONDERS, AttentionKind.STATUS]
    assert (known_events(list(FOR_RESPONDERS)), known_events(every)) == ([], every)
    for name, events in (("usual", []), ("told", every)):
        Channel.objects.create(kind="webhook", name=name, target=f"https://hooks.example.org/{name}",
                               events=events, created_by="x")  # fmt: skip
    assert tell(board, rosa) == ["https://hooks.example.org/told"]


def test_following_is_for_who_may_look(client, board) -> None:
    assert (
        client.post(f"/i/{board.incident_id}/status/follow/")
        .headers["Location"]
        .startswith("/login/")
    )
    client.force_login(person("nobody"))
    assert client.post(f"/i/{board.incident_id}/status/follow/").status_code == 403
    client.force_login(person("vic", "viewer"))
    assert client.post("/i/999999/status/follow/").status_code == 404
    assert not StatusFollower.objects.exists()
