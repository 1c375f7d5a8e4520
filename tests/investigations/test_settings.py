"""Settings: roles and the last admin, tokens seen once, channels of one's own, tests that tell."""

import json

import pytest
from django.contrib.auth.models import User

from investigations.domain.notifying import deliver_due
from investigations.forms import PreferenceForm
from investigations.models import AuditEntry, Channel, ConnectionCheck, IntakeToken, OutboundHost
from investigations.sending import push
from tests.factories.people import person
from tests.factories.servers import Answering, local_server

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
ADMINS = ("people/", "tokens/")


@pytest.fixture
def signed_in(client):
    def make(*roles: str, name: str = "mira"):
        user = User.objects.filter(username=name).first() or person(name, *roles)
        client.force_login(user)
        return client

    return make


def test_the_first_page_tells_what_is_set_and_what_is_missing(signed_in) -> None:
    client = signed_in("viewer")
    page = client.get("/settings/").content.decode()
    assert "Connect one source to begin" in page
    assert "People and roles" not in page
    ConnectionCheck.objects.create(part="metrics", status="error", checked_at="2026-03-01T12:00Z")
    assert "1 do not" in client.get("/settings/").content.decode()


@pytest.mark.parametrize("role", ["viewer", "responder", "approver"])
def test_only_admins_see_people_and_tokens(signed_in, role) -> None:
    client = signed_in(role)
    assert [client.get(f"/settings/{a}").status_code for a in ADMINS] == [403, 403]
    for address in ("people/1/", "tokens/make/", "tokens/1/revoke/", "notifications/webhooks/",
                    "notifications/hosts/", "notifications/hosts/1/"):  # fmt: skip
        assert client.post(f"/settings/{address}").status_code == 403


def test_roles_are_changed_and_audited(signed_in) -> None:
    client, jo = signed_in("admin"), person("jo", "viewer")
    sent = {"roles": ["responder", "approver"], "is_active": "yes"}
    assert client.post(f"/settings/people/{jo.pk}/", sent).status_code == 302
    assert set(jo.groups.values_list("name", flat=True)) == {"responder", "approver"}
    entry = AuditEntry.objects.get(verb="account.changed")
    assert entry.detail["roles"] == [["viewer"], ["approver", "responder"]]
    assert client.post(f"/settings/people/{jo.pk}/", {"roles": ["x"]}).status_code == 422
    assert client.post("/settings/people/0/", sent).status_code == 404


def test_a_disabled_person_is_signed_out_at_once(signed_in) -> None:
    from django.test import Client

    jo = person("jo", "responder")
    theirs = Client()
    theirs.force_login(jo)
    assert theirs.get("/settings/").status_code == 200
    signed_in("admin").post(f"/settings/people/{jo.pk}/", {"roles": ["responder"]})
    assert theirs.get("/settings/").status_code == 302


def test_one_admin_stays_and_nobody_raises_their_own_rights(signed_in) -> None:
    client = signed_in("admin")
    me = User.objects.get(username="mira")
    mine = f"/settings/people/{me.pk}/"
    lost = client.post(mine, {"roles": ["viewer"], "is_active": "yes"})
    assert lost.status_code == 422
    raised = client.post(mine, {"roles": ["admin", "approver"], "is_active": "yes"})
    assert "Another admin must give you a role" in raised.content.decode()
    other = person("ada", "admin")
    assert client.post(mine, {"roles": ["admin"]}).status_code == 422
    assert client.post(f"/settings/people/{other.pk}/", {"roles": ["admin"]}).status_code == 302
    last = client.post(mine, {"roles": [], "is_active": "yes"})
    assert "last admin" in last.content.decode()
    me.refresh_from_db()
    assert me.is_active
    assert list(me.groups.values_list("name", flat=True)) == ["admin"]


def test_a_token_is_seen_once_works_and_is_revoked(signed_in) -> None:
    client = signed_in("admin")
    made = client.post("/settings/tokens/make/", {"name": "Alertmanager"}).content.decode()
    token = made.partition("sre_")[2].partition("<")[0]
    assert len(token) > 30
    assert token not in client.get("/settings/tokens/").content.decode()
    head = {"Authorization": f"Bearer sre_{token}"}
    address = "/api/alerts/alertmanager/"
    told = client.post(address, b"{}", content_type="application/json", headers=head)
    assert told.status_code == 400
    assert client.post("/settings/tokens/make/", {"name": "alertmanager"}).status_code == 422
    row = IntakeToken.objects.get(name="alertmanager")
    client.post(f"/settings/tokens/{row.pk}/revoke/")
    again = client.post(address, b"{}", content_type="application/json", headers=head)
    assert again.status_code == 401
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"token.issued", "token.revoked"} <= verbs


@pytest.mark.parametrize("name", ["", "lab", "a b", "<x>", "é", "x" * 65])
def test_a_name_that_cannot_be_is_refused_and_kept(signed_in, name) -> None:
    answer = signed_in("admin").post("/settings/tokens/make/", {"name": name})
    assert answer.status_code == 422
    assert not IntakeToken.objects.exists()


def test_a_test_shows_what_the_receiver_really_said(signed_in) -> None:
    client = signed_in("admin")
    notes = "/settings/notifications/"
    with local_server(lambda *_: Answering(status=403, body=b"no_such_team")) as server:
        url = f"{server.url}/hook"
        sent = {"name": "team", "url": url, "format": "slack"}
        assert "not on the list" in client.post(f"{notes}webhooks/", sent).content.decode()
        client.post(f"{notes}hosts/", {"host": "127.0.0.1", "is_internal": "yes"})
        page = client.post(f"{notes}webhooks/", sent).content.decode()
        assert "whsec_" in page
        assert "whsec_" not in client.get(notes).content.decode()
        channel = Channel.objects.get()
        answer = client.post(f"{notes}{channel.pk}/test/", follow=True).content.decode()
        assert "Being sent" in answer
        deliver_due()
    shown = client.get(f"{notes}{channel.pk}/answer/", headers={"HX-Request": "true"})
    assert "403 Forbidden: no_such_team" in shown.content.decode()
    assert "every 1s" not in shown.content.decode()
    assert "no_such_team" in client.get(notes).content.decode()
    client.post(f"{notes}{channel.pk}/remove/")
    assert not Channel.objects.exists()


def test_nobody_touches_the_channels_of_others(signed_in) -> None:
    jo = person("jo", "responder")
    theirs = Channel.objects.create(
        kind="email", person=jo, name="jo", target="jo@x.example", created_by="x"
    )
    shared = Channel.objects.create(
        kind="webhook", name="team", target="https://x.example/secret", created_by="x"
    )
    client = signed_in("responder")
    for row in (theirs, shared):
        for deed in ("test/", "remove/"):
            address = f"/settings/notifications/{row.pk}/{deed}"
            assert client.post(address).status_code == 404
        assert client.get(f"/settings/notifications/{row.pk}/answer/").status_code == 404
    assert "jo@x.example" not in client.get("/settings/notifications/").content.decode()
    admin = signed_in("admin", name="ada")
    page = admin.get("/settings/notifications/").content.decode()
    assert "jo@x.example" not in page
    assert "x.example/secret" not in page


def test_preferences_are_kept_and_refusals_keep_what_was_typed(signed_in) -> None:
    client = signed_in("viewer")
    address = "/settings/notifications/preferences/"
    good = {"events": ["handoff"], "quiet_from": "22:00", "quiet_until": "07:00",
            "zone": "Europe/Prague"}  # fmt: skip
    assert client.post(address, good).status_code == 302
    assert "Europe/Prague" in client.get("/settings/notifications/").content.decode()
    for bad in ({**good, "zone": "Mars/Base"}, {**good, "quiet_until": ""}, {**good, "events": []}):
        answer = client.post(address, bad)
        assert answer.status_code == 422
        assert 'value="22:00"' in answer.content.decode()


def test_a_browser_subscribes_by_a_click_and_nonsense_is_refused(signed_in, settings) -> None:
    settings.VAPID = {"private_key": push.make_private_key(), "subject": "mailto:a@x.example"}
    client = signed_in("viewer")
    assert 'id="call-me"' in client.get("/settings/notifications/").content.decode()
    address = "/settings/notifications/browser/"
    keys = {
        "p256dh": push.public_of(push.make_private_key()), "auth": push.b64(b"a" * 16)
    }  # fmt: skip
    good = {"endpoint": "https://fcm.googleapis.com/fcm/send/x", "keys": keys, "name": "Linux"}

    def send(data: object) -> int:
        text = data if isinstance(data, str) else json.dumps(data)
        return client.post(address, text, content_type="application/json").status_code

    assert [send(good), send(good)] == [200, 200]
    assert Channel.objects.get().name == "Linux"
    for bad in ("", "[]", "{", '{"endpoint": 1}', {**good, "keys": {"p256dh": "x", "auth": "y"}},
                {**good, "endpoint": "https://169.254.169.254/x"}, {**good, "keys": None}):  # fmt: skip
        assert send(bad) in {400, 422}
    assert send({**good, "name": "x" * 9000}) == 413


@pytest.mark.parametrize("address", ["", "people/", "tokens/", "notifications/", "appearance/"])
def test_as_many_queries_for_three_as_for_one(
    signed_in, address, django_assert_max_num_queries
) -> None:
    client = signed_in("admin")
    me = User.objects.get(username="mira")

    def grow(number: int) -> None:
        person(f"p{number}", "viewer")
        IntakeToken.objects.create(name=f"t{number}", digest=str(number))
        OutboundHost.objects.create(host=f"h{number}.example", added_by="x")
        for owner in (None, me):
            channel = Channel.objects.create(
                kind="webhook" if owner is None else "push", person=owner, name=f"c{number}",
                target=f"https://x.example/{number}", created_by="x",
            )  # fmt: skip
            channel.deliveries.create()

    grow(0)
    client.get(f"/settings/{address}")
    with django_assert_max_num_queries(99) as one:
        client.get(f"/settings/{address}")
    grow(1)
    grow(2)
    with django_assert_max_num_queries(99) as three:
        client.get(f"/settings/{address}")
    assert len(one) == len(three)


def test_quiet_hours_are_read_in_one_form_whatever_the_browsers_language() -> None:
    given = {"quiet_from": "10:00 PM", "quiet_until": "07:00", "zone": "UTC"}
    form = PreferenceForm(given)
    assert form.errors["quiet_from"] == ["Hours and minutes of 24, as 22:00."]
    assert "quiet_until" not in form.errors
    assert 'value="10:00 PM"' in str(form["quiet_from"])
