"""How soon a browser shows what was committed, and how soon a full room is there."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from playwright.sync_api import BrowserContext, Page, sync_playwright

from sre_workspace.bench.runs import database
from sre_workspace.bench.stack import RunningStack

EVENTS = 200
PAUSE_SECONDS = 0.05
BURST = 300
PATIENCE_SECONDS = 30.0
# A slow phone: Chromium's "fast 3G", and a processor a quarter as fast.
SLOW_NETWORK = {
    "offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000,
}  # fmt: skip
SLOW_CPU = 4
# Runs in the page before its own scripts: after each swap, the sequence shown and the time.
WATCH = """
window.shown = []; window.longest = 0;
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
}).observe({type: "longtask"});
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
    stack: RunningStack, context: BrowserContext, incident_id: int, *, rooms: int = 1
) -> list[float]:
    """Post evidence beside open rooms; return for each event and room the time from commit to DOM."""
    pages = [_open_room(stack, context, incident_id) for _ in range(rooms)]
    events = _post(stack, pages[0], incident_id, count=EVENTS, pause_seconds=PAUSE_SECONDS)
    result = [delay for page in pages for delay in _delays(page, events)]
    for page in pages:
        page.close()
    return result


def burst_seconds(
    stack: RunningStack, context: BrowserContext, incident_id: int
) -> tuple[float, float]:
    """Post hundreds of pieces without a pause beside an open room.

    Returns the time from the last commit to the DOM, and the page's longest task. Seconds.

    Raises:
        ValueError: Something came twice, out of order or not at all.
    """
    page = _open_room(stack, context, incident_id)
    events = _post(stack, page, incident_id, count=BURST, pause_seconds=0.0)
    delays = _delays(page, events)
    order = [sequence for sequence, _ in page.evaluate("window.shown")]
    held = page.locator("#evidence-buffer > *").count()
    longest = float(page.evaluate("window.longest")) / 1000
    page.close()
    if order != sorted(set(order)) or held != BURST:
        raise ValueError(f"{held} of {BURST} came, or not in order.")
    return delays[-1], longest


def slow_load_seconds(context: BrowserContext, url: str) -> float:
    """Open a room with an empty cache on a slow phone; return the time until its socket is open."""
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    tools.send("Network.emulateNetworkConditions", SLOW_NETWORK)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_CPU})
    began = time.monotonic()
    page.goto(url, wait_until="commit")
    page.wait_for_selector("#live[data-state=live]", state="attached")
    seconds = time.monotonic() - began
    page.close()
    return seconds


def _open_room(stack: RunningStack, context: BrowserContext, incident_id: int) -> Page:
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(f"{stack.address}/i/{incident_id}/", wait_until="load")
    page.wait_for_selector("#live[data-state=live]", state="attached")
    return page


def _post(
    stack: RunningStack, page: Page, incident_id: int, *, count: int, pause_seconds: float
) -> list[tuple[int, datetime]]:
    first = int(page.get_attribute("#room", "data-sequence") or 0)
    call = f"post_cards({incident_id}, {count}, pause_seconds={pause_seconds})"
    stack.manage("shell", "-v", "0", "-c", f"from sre_workspace.bench.cards import *; {call}")
    with database(stack) as connection:
        rows = connection.execute(EVENT_QUERY, [incident_id, first]).fetchall()
    return [(int(str(s)), at) for s, at in rows if isinstance(at, datetime)]


def _delays(page: Page, events: list[tuple[int, datetime]]) -> list[float]:
    last, until = events[-1][0], time.monotonic() + PATIENCE_SECONDS
    # From here: a condition that the page itself evaluates again is against its policy.
    while int(page.get_attribute("#room", "data-sequence") or 0) < last:
        if time.monotonic() > until:
            raise TimeoutError(f"Event {last} did not reach the page.")
        page.wait_for_timeout(20)
    shown: list[list[float]] = page.evaluate("window.shown")
    result = []
    for sequence, at in events:
        seen = next(moment for reached, moment in shown if reached >= sequence)
        result.append(seen / 1000 - at.timestamp())
    return result
