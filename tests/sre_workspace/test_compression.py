"""Compressed pages leak nothing by their length: what is secret differs each time, and so does the size."""

import gzip
import re

import pytest
from django.conf import settings
from django.middleware.csrf import _unmask_cipher_token
from django.test import Client

from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
TOKEN = re.compile(r'"X-CSRFToken": "(\w{64})"')
ROUNDS = 12


@pytest.fixture
def client_of_vi() -> Client:
    client = Client(headers={"Accept-Encoding": "gzip"})
    client.force_login(person("vi", "viewer"))
    return client


def test_each_answer_masks_its_csrf_token_anew_and_has_another_length(client_of_vi) -> None:
    answers = [client_of_vi.get("/incidents/") for _ in range(ROUNDS)]
    assert {a.headers["Content-Encoding"] for a in answers} == {"gzip"}
    tokens = [TOKEN.search(gzip.decompress(a.content).decode())[1] for a in answers]
    assert len(set(tokens)) == ROUNDS
    assert len({_unmask_cipher_token(token) for token in tokens}) == 1, "one secret behind all"
    # As long uncompressed, to the byte: what differs is the padding.
    assert len({len(gzip.decompress(a.content)) for a in answers}) == 1
    assert len({len(a.content) for a in answers}) > 3


def test_no_other_site_can_ask_in_a_persons_name(client_of_vi) -> None:
    client_of_vi.get("/incidents/")
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Strict"
    session = client_of_vi.cookies[settings.SESSION_COOKIE_NAME].value
    body = gzip.decompress(client_of_vi.get("/incidents/").content).decode()
    assert session not in body
    assert client_of_vi.cookies[settings.CSRF_COOKIE_NAME].value not in body
