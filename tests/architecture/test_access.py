"""Nobody who is not signed in sees anything: every URL is asked, none is taken on trust."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import get_converters

pytestmark = pytest.mark.integration

# Open to all, each with its reason.
OPEN = {
    "healthz": "monitors ask it; it tells the state of parts and nothing of incidents",
    "healthz/live": "probes ask it; it tells that the process answers",
    "healthz/ready": "probes ask it; it tells whether the database answers",
    "login/": "signs people in",
    "logout/": "signs people out, whoever they are",
    "sign-in/x/": "a one-time link: it is the credential",
    "offline/": "what a browser keeps to say that it is offline; it is the same for everybody",
    "offline-worker.js": "the script that keeps that page; it holds no data",
    "s/x/": "the status by a link that a responder made: its token is the credential",
}
SAMPLES = {"int": "1", "str": "x", "slug": "x", "path": "x", "uuid": str(UUID(int=0))}


def _paths(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _paths(entry, prefix + _sample(entry))
        elif isinstance(entry, URLPattern):
            yield prefix + _sample(entry)


def _sample(entry: URLPattern | URLResolver) -> str:
    text = str(entry.pattern)
    for name, converter in entry.pattern.converters.items():
        kind = next(k for k, v in get_converters().items() if v is converter)
        text = text.replace(f"<{kind}:{name}>", SAMPLES.get(kind, "x"))
        text = text.replace(f"<{name}>", "x")
    return text


def _all_paths() -> list[str]:
    return list(_paths(get_resolver()))


@pytest.mark.django_db
def test_every_url_refuses_the_anonymous(client: Client) -> None:
    let_in = {}
    for path in _all_paths():
        if path in OPEN:
            continue
        for method in ("get", "post"):
            answer = getattr(client, method)(f"/{path}")
            is_sent_away = answer.status_code in {301, 302} and (
                "/login/" in answer.headers["Location"]
            )
            if not is_sent_away and answer.status_code not in {401, 403, 405}:
                let_in[f"{method} {path}"] = answer.status_code
    assert let_in == {}


@pytest.mark.django_db
def test_each_url_that_writes_demands_a_token_of_the_form() -> None:
    """A POST without the form's token is refused, but for the webhook with its bearer token."""
    strict = Client(enforce_csrf_checks=True)
    answers = {p: strict.post(f"/{p}").status_code for p in _all_paths()}
    let_in = {p: s for p, s in answers.items() if s not in {401, 403, 405}}
    assert let_in == {}


def test_no_exception_outlives_its_url() -> None:
    assert set(OPEN) <= set(_all_paths())
