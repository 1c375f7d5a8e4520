"""The line that the page of tokens shows is all that a sender needs."""

import re
import shlex
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.test import Client

from investigations.models import Incident
from tests.factories.people import person
from tests.investigations.intake.test_alertmanager import delivery

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.mark.capability(100)
def test_the_one_line_that_is_shown_delivers_an_alert(client) -> None:
    client.force_login(person("ada", "admin"))
    page = unescape(client.post("/settings/tokens/make/", {"name": "shop"}).content.decode())
    token = re.search(r"sre_[\w-]{30,}", page)[0]
    line = re.search(r"curl .+", page)[0].partition("</pre>")[0].replace("$TOKEN", token)
    words = shlex.split(line)
    headers = dict(words[i + 1].split(": ", 1) for i, word in enumerate(words) if word == "-H")
    assert words[words.index("--data") + 1] == "@alert.json"
    address = urlsplit(words[-1])
    kind = headers.pop("Content-Type")
    answer = Client().post(address.path, delivery("payments"), content_type=kind, headers=headers)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert Incident.objects.get().resource == "service/payments"
