"""A real headless browser, signed in."""

import os
from pathlib import Path

import pytest

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def browser_path() -> str:
    """Return Chrome's or Chromium's path, or skip; under REQUIRE_REAL fail."""
    found = os.environ.get("SRE_BROWSER", "")
    if not found and Path("/usr/bin/chromium").exists():
        found = "/usr/bin/chromium"
    if not found:
        if os.environ.get("REQUIRE_REAL"):
            pytest.fail("REQUIRE_REAL is set and there is no Chrome or Chromium")
        pytest.skip("no Chrome or Chromium")
    return found


def signed_in_page(
    browser, link: str, base: str, *, width: int = 1440, height: int = 900, theme: str = "dark"
):
    """Open a page and use a sign-in link; ``problems`` keeps errors of console and network."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, locale="en-US", timezone_id="UTC",
        color_scheme=theme,
    )  # fmt: skip
    page = context.new_page()
    page.problems = []
    page.on("console", lambda m: m.type == "error" and page.problems.append(m.text))
    page.on("pageerror", lambda e: page.problems.append(str(e)))
    page.on("response", lambda r: r.status >= 400 and page.problems.append(f"{r.status} {r.url}"))
    _begin_when_ready(page)
    page.goto(link)
    page.click("main button:has-text('Sign in')")
    page.wait_for_url(f"{base}/inbox/")
    return page


# A page is painted before its scripts begin; a key pressed between the two is nobody's.
READY = "html[data-ready], html:not(:has(script[src*='js/bundle.js']))"


def _begin_when_ready(page) -> None:
    def then_ready(go):
        def gone(*arguments: object, **options: object) -> object:
            answer = go(*arguments, **options)
            page.wait_for_selector(READY, state="attached")
            return answer

        return gone

    page.goto, page.wait_for_url = then_ready(page.goto), then_ready(page.wait_for_url)
