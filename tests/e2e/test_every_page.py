"""Every page in both themes at three widths: accessible, silent, still, and never too wide."""

import re

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(420)]
WIDTHS = (1440, 390, 320)
ROOM_PAGES = ("", "matrix/", "e/1/", "h/1/", "a/1/", "graph/", "timeline/", "log/", "status/",
              "handoff/", "report/", "replay/")  # fmt: skip
PAGES = ("/inbox/", "/incidents/", "/incidents/new/", "/history/", "/services/", "/knowledge/",
         "/findings/", "/autonomy/", "/calibration/", "/audit/", "/settings/", "/connections/",
         "/patterns/", "/no-such-page/")  # fmt: skip
# Where keyboard and pointer meet: the fixed bar of the room hides nothing that has focus.
SIDEWAYS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def violations(page) -> list[tuple[str, str]]:
    from axe_playwright_python.sync_playwright import Axe

    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": rules}).response["violations"]
    return [(v["id"], n["html"][:140]) for v in found for n in v["nodes"][:3]]


def check(page, address: str) -> list[str]:
    page.goto(address, wait_until="networkidle")
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            wrong += [f"{width} {theme}: {told}" for told in violations(page)]
        if not page.evaluate(SIDEWAYS):
            wrong.append(f"{width}: wider than the window")
    headings = page.locator("h1").count()
    if headings != 1:
        wrong.append(f"{headings} h1")
    return [f"{address} {text}" for text in wrong]


def test_the_pages_of_an_incident(open_page, seeded) -> None:
    page = open_page()
    wrong = [text for path in ROOM_PAGES for text in check(page, seeded.room + path)]
    assert wrong == []
    assert page.problems == []


def test_the_pages_around_it(open_page, stack, seeded) -> None:
    page = open_page()
    wrong = [text for path in PAGES for text in check(page, stack.base + path)]
    assert wrong == []
    expected = re.compile("404")
    assert [p for p in page.problems if not expected.search(p)] == []


def test_nothing_moves_when_asked_not_to(open_page, seeded) -> None:
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    page.goto(seeded.room, wait_until="networkidle")
    running = "document.getAnimations().filter(a => a.playState === 'running').length"
    assert page.evaluate(running) == 0


def test_colours_are_not_needed(open_page, seeded) -> None:
    page = open_page()
    page.emulate_media(forced_colors="active")
    page.goto(seeded.room, wait_until="networkidle")
    cards = page.locator("#evidence-list .card").all()[:10]
    assert cards
    for card in cards:
        text = card.inner_text()
        assert re.search(r"supports H|refutes H|does not separate|not weighed|data gap", text), text
        assert re.search(r"Network|Deploy|Database|Resource", text), text
    assert re.search(r"SEV[1-4]", page.locator("#summary").inner_text())
