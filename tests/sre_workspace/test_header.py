"""The header: the keys as this keyboard has them, and pages for those whom they concern."""

import pytest
from django.test import Client

from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.mark.parametrize(
    ("agent", "key"),
    [("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "⌘K"),
     ("Mozilla/5.0 (X11; Linux x86_64)", "Ctrl K"), ("", "Ctrl K")],
)  # fmt: skip
def test_the_palettes_key_is_that_of_the_keyboard(agent, key) -> None:
    client = Client(headers={"User-Agent": agent})
    client.force_login(person("rosa", "responder"))
    assert f"<kbd>{key}</kbd>" in client.get("/inbox/").content.decode()


@pytest.mark.parametrize(("role", "is_shown"), [("responder", False), ("admin", True)])
def test_the_page_of_patterns_is_linked_for_admins(role, is_shown) -> None:
    client = Client()
    client.force_login(person("rosa", role))
    assert ('href="/patterns/"' in client.get("/incidents/").content.decode()) == is_shown
