"""No page fails over a query that nobody sane would send: every page and every name is asked."""

import re
from urllib.parse import quote

import pytest
from django.test import Client

from tests.architecture.test_access import _all_paths
from tests.architecture.tree import PACKAGES, files
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]
HOSTILE = ("9" * 40, "²", "a\x00\ud800", "9999-12-31T23:59:59+14:00")
ASKED = re.compile(r"GET\.(?:get|getlist)\(\s*[\"'](\w+)|forms\.\w+Field\(")
# Good days that no arithmetic may run over. They are asked alone: beside a bad field a form reads none.
DAYS = ("9999-12-31", "0001-01-01")
TIMES = ("at", "since", "t", "until")
FIELD = re.compile(r"^    (\w+) = (?:forms\.)?\w+Field\(", re.M)


def _names() -> list[str]:
    """Return every name that some view or form reads from a query."""
    found: set[str] = set()
    for path in files(*PACKAGES, suffixes=(".py",)):
        text = path.read_text(encoding="utf-8")
        found |= {name for name in ASKED.findall(text) if name}
        found |= set(FIELD.findall(text))
    return sorted(found)


def _escaped(value: str) -> str:
    return quote(value.encode("utf-8", "surrogatepass"))


@pytest.mark.django_db
def test_no_page_fails_over_a_hostile_query(client: Client) -> None:
    incident = open_board().incident_id
    client.force_login(person("mira", "responder", "approver", "admin"))
    client.raise_request_exception = False
    names = _names()
    assert {"before", "after", "q", *TIMES} <= set(names)
    asked = [(value, names) for value in HOSTILE] + [(value, TIMES) for value in DAYS]
    failing = set()
    for path in _all_paths():
        if path.startswith("healthz"):
            continue
        path = path.replace("i/1/", f"i/{incident}/")
        for value, some in asked:
            query = "&".join(f"{name}={_escaped(value)}" for name in some)
            if client.get(f"/{path}?{query}").status_code >= 500:
                failing.add((path, value))
    assert failing == set()
