"""How soon a browser shows what was committed, and how soon a full room is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from playwright.sync_api import BrowserContext, Page, sync_playwright

from sre_workspace.bench.runs import database
from sre_workspace.bench.stack import RunningStack

EVENTS = 50
PAUSE_SECONDS = 0.1
# Runs in the page before its own scripts: after each swap, the sequence shown and the time.
WATCH = """
window.shown = [];
document.addEventListener("htmx:ws:after:message:incoming", () => {
  window.shown.push([Number(document.querySelector("#room").dataset.sequence), Date.now()]);
});
"""
LCP = """() => new Promise((done) => {
  new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
    .observe({type: "largest-contentful-paint", buffered: true});
})"""
EVENT_QUERY = """
    SELECT e.sequence, e.at FROM investigations_boardevent e
    JOIN investigations_investigation i ON i.id = e.investigation_id
    WHERE i.incident_id = %s AND e.sequence > %s ORDER BY e.sequence
"""


@contextmanager
def browser_session(stack: RunningStack, session: str, browser: str) -> Iterator[BrowserContext]:
    """Open a headless browser that carries a session cookie."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=browser or None, args=["--no-sandbox"])
        context = found.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "sre_session", "value": session, "url": stack.address}])
        yield context
        found.close()


def largest_paint_seconds(context: BrowserContext, url: str) -> tuple[float, int]:
    """Load a room in a fresh page; return its LCP and how many cards it shows."""
    page = context.new_page()
    page.goto(url, wait_until="networkidle")
    seconds = float(page.evaluate(LCP)) / 1000
    cards = page.locator("#evidence-list .card").count()
    page.close()
    return seconds, cards


def commit_to_page_seconds(
    stack: RunningStack, context: BrowserContext, incident_id: int
) -> list[float]:
    """Post evidence beside an open room; return for each event the time from commit to DOM."""
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(f"{stack.address}/i/{incident_id}/", wait_until="networkidle")
    page.wait_for_selector("#live[data-state=live]", state="attached")
    first = int(page.get_attribute("#room", "data-sequence") or 0)
    call = f"post_cards({incident_id}, {EVENTS}, pause_seconds={PAUSE_SECONDS})"
    stack.manage("shell", "-v", "0", "-c", f"from sre_workspace.bench.cards import *; {call}")
    with database(stack) as connection:
        events = connection.execute(EVENT_QUERY, [incident_id, first]).fetchall()
    last = int(str(events[-1][0]))
    page.wait_for_function(f"Number(document.querySelector('#room').dataset.sequence) >= {last}")
    result = _delays(page, [(int(str(s)), at) for s, at in events if isinstance(at, datetime)])
    page.close()
    return result


def _delays(page: Page, events: list[tuple[int, datetime]]) -> list[float]:
    shown: list[list[float]] = page.evaluate("window.shown")
    result = []
    for sequence, at in events:
        seen = next(moment for reached, moment in shown if reached >= sequence)
        result.append(seen / 1000 - at.timestamp())
    return result
