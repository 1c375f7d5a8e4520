"""The header of every page: the menu, the appearance, what waits."""

import re

import pytest

from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def viewer(client):
    client.force_login(person("vera", "viewer"))
    return client


def test_every_link_of_the_menu_leads_somewhere(viewer) -> None:
    page = viewer.get("/inbox/").content.decode()
    menu = page[page.index("<header") : page.index("</header>")]
    links = set(re.findall(r'href="(/[^"]*)"', menu))
    assert {"/", "/inbox/", "/incidents/", "/history/", "/autonomy/", "/audit/"} <= links
    answers = {path: viewer.get(path, follow=True).status_code for path in links}
    assert set(answers.values()) == {200}, answers


def test_the_page_is_served_in_the_chosen_look(viewer) -> None:
    assert '<html lang="en" data-density="compact">' in viewer.get("/inbox/").content.decode()
    answer = viewer.post(
        "/appearance/", {"theme": "dark"}, headers={"Referer": "http://testserver/audit/"}
    )
    assert answer.headers["Location"] == "http://testserver/audit/"
    viewer.post("/appearance/", {"density": "comfortable"})
    page = viewer.get("/audit/").content.decode()
    assert '<html lang="en" data-theme="dark" data-density="comfortable">' in page


@pytest.mark.parametrize("value", ["pink", '"><script>', ""])
def test_only_known_looks_are_kept(viewer, value) -> None:
    answer = viewer.post(
        "/appearance/", {"theme": value}, headers={"Referer": "http://evil.example/"}
    )
    assert "theme" not in answer.cookies
    assert answer.headers["Location"] == "/"
    viewer.cookies["theme"] = value
    assert "data-theme" not in viewer.get("/inbox/").content.decode()


@pytest.mark.django_db
def test_a_form_that_is_too_large_says_so_and_a_foreign_host_gets_no_page(client) -> None:
    client.force_login(person("mira", "responder"))
    form = "application/x-www-form-urlencoded"
    large = client.post("/i/1/steer/", f"text={'x' * 1_100_000}", content_type=form)
    assert large.status_code == 400
    assert b"more than a form may hold (1 MB). Nothing was done." in large.content
    many = client.post("/i/1/steer/", "a=1&" * 2000, content_type=form)
    assert (many.status_code, b"more than a form" in many.content) == (400, True)
    foreign = client.get("/login/", headers={"host": "evil.example"})
    assert (foreign.status_code, foreign.content) == (400, b"This request cannot be read.")
