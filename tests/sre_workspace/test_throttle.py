"""Guessing passwords is slow, from one address and from many; a colleague is not locked out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client, RequestFactory

from investigations.models import AuditEntry
from sre_workspace.accounts import make_account
from sre_workspace.models import SignInTries
from sre_workspace.throttle import LIMITS, address_of, take_try

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
GOOD = "right-horse-battery"


@pytest.fixture
def mira():
    return make_account(username="mira", roles=["responder"], password=GOOD)


def _try(password: str, *, name: str = "mira", address: str = "192.0.2.1"):
    return Client(REMOTE_ADDR=address).post("/login/", {"username": name, "password": password})


def _pass(seconds: float) -> None:
    """Let so much time have passed."""
    for row in SignInTries.objects.all():
        row.last_at -= timedelta(seconds=seconds)
        row.blocked_until -= timedelta(seconds=seconds)
        row.save()


def test_after_five_failures_even_the_right_password_waits(mira) -> None:
    assert [_try("wrong").status_code for _ in range(5)] == [200] * 5
    refused = _try(GOOD)
    assert refused.status_code == 429
    assert 10 < int(refused.headers["Retry-After"]) <= 15
    assert b"Too many tries. Wait" in refused.content
    _pass(16)
    assert _try(GOOD).status_code == 302
    assert AuditEntry.objects.filter(verb="session.throttled").count() == 1
    assert AuditEntry.objects.filter(verb="session.opened", actor="person/mira").count() == 1


def test_the_right_password_clears_the_count(mira) -> None:
    for _ in range(3):
        assert [_try("wrong").status_code for _ in range(4)] == [200] * 4
        assert _try(GOOD).status_code == 302


def test_a_colleague_at_another_address_is_not_locked_out(mira) -> None:
    for _ in range(10):
        _try("wrong", address="198.51.100.7")
    assert _try(GOOD).status_code == 302


def test_many_addresses_together_are_slow_too_but_only_for_a_minute(mira) -> None:
    answers = [_try("wrong", address=f"198.51.100.{n}").status_code for n in range(30)]
    assert answers == [200] * LIMITS["name"].free + [429] * 10
    _pass(LIMITS["name"].cap_seconds)
    assert _try(GOOD).status_code == 302


def test_one_address_that_tries_many_names_is_slow_too(mira) -> None:
    answers = [_try("wrong", name=f"n{n}").status_code for n in range(60)]
    assert answers == [200] * LIMITS["address"].free + [429] * 10


def test_an_unknown_name_is_treated_alike(mira) -> None:
    known = [_try("wrong").status_code for _ in range(7)]
    assert [
        _try("wrong", name="nobody", address="192.0.2.9").status_code for _ in range(7)
    ] == known


def test_waits_double_up_to_their_cap() -> None:
    limit = LIMITS["pair"]
    waits = [limit.wait_after(n).total_seconds() for n in (4, 5, 6, 7, 100, 10**6)]
    assert waits == [0, 15, 30, 60, 900, 900]


def test_the_address_is_the_proxys_word_only_behind_one(settings) -> None:
    request = RequestFactory().get(
        "/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="1.2.3.4, 192.0.2.5"
    )
    settings.IS_BEHIND_TLS = False
    assert address_of(request) == "10.0.0.1"
    settings.IS_BEHIND_TLS = True
    assert address_of(request) == "192.0.2.5"


@pytest.mark.django_db(transaction=True)
def test_a_hundred_tries_at_once_are_no_more_than_one_after_another() -> None:
    def one(_: int) -> int:
        try:
            return take_try(name="mira", address="192.0.2.1")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(100))).count(0) == LIMITS["pair"].free
