"""One-time sign-in links, and accounts by role."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from sre_workspace.accounts import make_account, make_sign_in_link
from sre_workspace.models import SignInLink

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def responder() -> User:
    return make_account(username="local-responder", roles=["responder"], password=None)


def _who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_opening_a_link_does_not_spend_it(client: Client, responder: User) -> None:
    url = f"/sign-in/{make_sign_in_link(responder)}/"
    for _ in range(3):
        answer = client.get(url)
        assert answer.status_code == 200
        assert _who(client) is None
    assert client.post(url).status_code == 302
    assert _who(client) == str(responder.pk)


def test_a_link_signs_in_once(client: Client, responder: User) -> None:
    url = f"/sign-in/{make_sign_in_link(responder)}/"
    client.post(url)
    second = Client()
    assert second.post(url).status_code == 410
    assert second.get(url).status_code == 410
    assert _who(second) is None


def test_who_goes_back_after_signing_in_is_sent_on(client: Client, responder: User) -> None:
    url = f"/sign-in/{make_sign_in_link(responder)}/"
    client.post(url)
    again = client.get(url)
    assert (again.status_code, again.headers["Location"]) == (302, "/inbox/")


def test_a_link_expires(client: Client, responder: User) -> None:
    url = f"/sign-in/{make_sign_in_link(responder)}/"
    link = SignInLink.objects.get()
    link.expires_at -= timedelta(minutes=15, seconds=1)
    link.save()
    assert client.post(url).status_code == 410
    assert _who(client) is None


def test_a_link_of_a_closed_account_is_dead(client: Client, responder: User) -> None:
    url = f"/sign-in/{make_sign_in_link(responder)}/"
    User.objects.update(is_active=False)
    assert client.get(url).status_code == 410
    assert client.post(url).status_code == 410
    assert _who(client) is None


def test_the_token_is_not_kept(responder: User) -> None:
    token = make_sign_in_link(responder)
    kept = SignInLink.objects.values_list("digest", flat=True).get()
    assert token not in kept
    assert len(kept) == 64


def test_the_answer_is_not_cached_and_names_no_referrer(client: Client, responder: User) -> None:
    answer = client.get(f"/sign-in/{make_sign_in_link(responder)}/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_local_account_has_no_password(responder: User) -> None:
    assert not responder.has_usable_password()
    assert list(responder.groups.values_list("name", flat=True)) == ["responder"]
    assert not responder.is_staff


def test_an_admin_is_no_approver() -> None:
    admin = make_account(username="adam", roles=["admin"], password=None)
    assert list(admin.groups.values_list("name", flat=True)) == ["admin"]
    assert not admin.is_staff
    assert not admin.is_superuser


def test_an_account_is_set_anew_not_added_to(responder: User) -> None:
    again = make_account(username=responder.username, roles=["viewer"], password=None)
    assert again.pk == responder.pk
    assert list(again.groups.values_list("name", flat=True)) == ["viewer"]


def test_an_unknown_role_makes_no_account() -> None:
    with pytest.raises(ValueError, match="Unknown role 'root'"):
        make_account(username="eve", roles=["root"], password=None)
    assert not User.objects.filter(username="eve").exists()


@pytest.mark.parametrize("password", ["short", "password1234"])
def test_a_weak_password_is_refused(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(password + "\n"))
    with pytest.raises(CommandError):
        call_command("make_account", "bob", role=["viewer"], password_stdin=True)
    assert not User.objects.filter(username="bob").exists()


def test_an_account_with_a_password_can_sign_in(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("a long pass phrase\n"))
    call_command("make_account", "bob", role=["viewer"], password_stdin=True, stdout=StringIO())
    answer = client.post("/login/", {"username": "bob", "password": "a long pass phrase"})
    assert answer.status_code == 302
    assert _who(client) == str(User.objects.get(username="bob").pk)
