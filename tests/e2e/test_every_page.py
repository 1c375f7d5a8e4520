"""Checks 1, 2, 21, 23, 24 and 25 on every page: accessible, silent, still, and never too wide."""

import re

import pytest

from tests.e2e.looking import look, watch

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(300)]
OF_AN_INCIDENT = (
    "", "matrix/", "e/1/", "h/1/", "a/1/", "actions/", "graph/", "timeline/", "log/", "status/", "handoff/",
    "report/", "replay/", "knowledge/", "analysis/", "alerts/", "merge/",
)  # fmt: skip
OF_THE_WORK = ("/inbox/", "/incidents/", "/incidents/new/", "/history/", "/history/?q=disk", "/services/",
               "/services/payments/", "/knowledge/", "/findings/", "/history/compare/?pick=1",
               "/no-such-page/")  # fmt: skip
OF_ADMINISTRATION = (
    "/autonomy/", "/autonomy/burden/", "/calibration/", "/audit/", "/settings/", "/settings/appearance/",
    "/settings/people/", "/settings/tokens/", "/settings/notifications/", "/connections/", "/patterns/",
)  # fmt: skip


@pytest.mark.parametrize(
    ("role", "of_incident", "paths"),
    [
        ("approver", True, OF_AN_INCIDENT),
        ("approver", False, OF_THE_WORK),
        ("admin", False, OF_ADMINISTRATION),
        ("viewer", True, ("", "a/1/", "status/")),
    ],
)
def test_pages_are_calm(open_page, seeded, role, of_incident, paths) -> None:
    page = open_page(role)
    watch(page)
    base = seeded.room if of_incident else seeded.origin
    wrong = [text for path in paths for text in look(page, base + path)]
    print(f"checks 1, 2, 21, 23, 24: {len(paths)} pages as {role}, {len(wrong)} faults")
    assert wrong == []
    page.goto("about:blank")
    refused = re.compile("404|422")  # an address without a page, and one pick to compare
    assert [p for p in page.problems if not refused.search(p)] == []


def test_the_doors_are_calm(open_page, stack) -> None:
    page = open_page("viewer")
    page.context.clear_cookies()
    watch(page)
    wrong = [
        text
        for path in ("/login/", "/offline/", "/s/no-such-link/")
        for text in look(page, stack.base + path)
    ]
    assert wrong == []
    assert [p for p in page.problems if "404" not in p and "410" not in p] == []


def test_colours_are_not_needed(open_page, seeded) -> None:
    page = open_page()
    page.emulate_media(forced_colors="active")
    page.goto(seeded.room, wait_until="load")
    cards = page.locator("#evidence-list .card").all()[:10]
    assert cards
    for card in cards:
        text = card.inner_text()
        assert re.search(r"supports H|refutes H|does not separate|not weighed|data gap", text), text
        assert re.search(r"Network|Deploy|Database|Resource", text), text
    assert re.search(r"SEV[1-4]", page.locator("#summary").inner_text())
    assert page.locator("#summary .sev").inner_text()[0] in "⬣▲◆●"
    glyphs = {g.inner_text() for g in page.locator("#evidence-list .glyph").all()[:40]}
    assert len(glyphs) >= 3
    page.goto(f"{seeded.room}matrix/")
    signs = set("".join(page.locator(".matrix .cell").all_inner_texts()).split())
    assert signs & {"+", "++"}
    # A line is told from the paper in every scheme that the browser forces.
    page.goto(f"{seeded.room}graph/")
    paint = "getComputedStyle(document.querySelector('.node rect'))"
    assert page.evaluate(f"{paint}.stroke !== {paint}.fill")
