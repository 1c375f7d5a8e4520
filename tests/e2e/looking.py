"""How a page is looked at: axe, widths, themes, motion, and the size of what is pressed."""

from pathlib import Path

import axe_playwright_python

# 200 % and 400 % of a desktop are what a window of half and a quarter of its width shows.
WIDTHS = (1440, 1024, 768, 720, 390, 360, 320)
AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
SIZES = ["target-size", "scrollable-region-focusable", "color-contrast"]
RUN = """async ([kind, values]) => {
  const found = await axe.run(document, {runOnly: {type: kind, values}, resultTypes: ["violations", "incomplete"],
                                         iframes: false, preload: false});
  // Contrast that a figure or an edge hides from axe is looked at by eye; the colours have tests.
  const open = found.incomplete.filter(v => v.id !== "color-contrast" && v.id !== "link-in-text-block");
  return [...found.violations, ...open].flatMap(v => v.nodes.slice(0, 4).map(n => `${v.id} ${n.html.slice(0, 140)}`));
}"""
# Of a list's many rows the first and the last tell as much as all of them, in a tenth of the time.
THIN = """() => ["#evidence-list .card", ".stream li", "tbody tr"].forEach(
  many => [...document.querySelectorAll(many)].slice(10, -16).forEach(e => e.remove()))"""
# What a bar at the window's edge covers now can be scrolled from under it; axe would call it small.
# A card that is not drawn yet has a guessed height, in which its links overlap.
SETTLE = """() => {
  document.querySelectorAll(".dock, .replay-bar").forEach(e => { e.style.position = "static"; });
  document.querySelectorAll(".card").forEach(e => { e.style.contentVisibility = "visible"; });
}"""
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
RUNNING = "document.getAnimations().filter(a => a.playState === 'running').length"
SMALL = """() => [...document.querySelectorAll("main .btn, main button, main select, main summary, .card a, "
    + "main textarea, main input:not([type=hidden], [type=checkbox], [type=radio]), header .btn")]
  .filter(e => e.getClientRects().length && e.checkVisibility() && !e.matches(".visually-hidden"))
  .filter(e => e.getBoundingClientRect().height < 43.5)
  .map(e => `small: ${e.outerHTML.slice(0, 100)}`)"""


def axe(page, kind: str, values: list[str]) -> list[str]:
    """Run axe's rules of a kind on the page as it is; return what they found."""
    return page.evaluate(RUN, [kind, values])


def watch(page) -> None:
    """Keep what the page failed to fetch; what a change of page cut off is no failure."""

    def note(request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):
            page.problems.append(f"failed {request.url} {request.failure}")

    page.on("requestfailed", note)


def look(page, address: str) -> list[str]:
    """Open an address and return all that is wrong with it: in both themes, at every width."""
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(address, wait_until="load")
    page.evaluate(AXE)
    wrong = [] if page.locator("h1").count() == 1 else ["not one h1"]
    if page.evaluate(RUNNING):
        wrong.append("moves, though asked not to")
    page.evaluate(THIN)
    page.evaluate(SETTLE)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate(SIDEWAYS):
            wrong.append(f"{width}: wider than the window")
        if width == 1440:
            found = axe(page, "tag", TAGS)
            page.emulate_media(color_scheme="light")
            wrong += [f"{width}: {text}" for text in found + axe(page, "rule", COLOURS)]
        if width == 390:
            found = axe(page, "tag", TAGS) + page.evaluate(SMALL)
            page.emulate_media(color_scheme="dark")
            wrong += [f"{width}: {text}" for text in found + axe(page, "rule", COLOURS)]
    wrong += [f"320: {text}" for text in axe(page, "rule", SIZES)]
    return [f"{address} {text}" for text in wrong]
