"""A browser that is offline says so, with the time of what it saw, and has kept no incident."""

import pytest
from django.core.servers.basehttp import WSGIRequestHandler

from tests.factories.board import open_board
from tests.factories.browser import FLAGS, browser_path
from tests.factories.people import person

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys())
      found.push(new URL(request.url).pathname);
  return found;
}"""


def test_offline_is_said_and_no_incident_is_kept(live_server, monkeypatch) -> None:
    from playwright.sync_api import sync_playwright

    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    # A connection that is kept would answer after the server has gone.
    monkeypatch.setattr(WSGIRequestHandler, "protocol_version", "HTTP/1.0")
    mira = person("mira", "responder")
    room = f"/i/{open_board().incident_id}/"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        page = browser.new_context(
            viewport={"width": 390, "height": 844}, locale="en-US"
        ).new_page()
        page.goto(f"{live_server.url}/login/")
        page.fill("[name=username]", mira.username)
        page.fill("[name=password]", "a-long-password-1")
        page.click("main button")
        page.wait_for_url("**/inbox/")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.goto(live_server.url + room)
        assert page.locator("#summary h1").inner_text() == "payments is slow"
        page.wait_for_function("async () => (await caches.match('/offline/seen')) !== undefined")
        kept = page.evaluate(KEPT)
        assert {p for p in kept if not p.endswith(".css")} == {"/offline/", "/offline/seen"}
        live_server.thread.terminate()
        page.goto(live_server.url + room)
        said = page.locator("main").inner_text()
        assert "You are offline" in said
        assert "Nothing you see here is live" in said
        assert (
            page.evaluate(
                "async () => (await (await caches.match('/offline/seen')).text()).slice(11, 19)"
            )
            in said
        )
        assert "payments is slow" not in page.content()
        assert mira.username not in page.content()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).fontFamily") != "serif"
        browser.close()
