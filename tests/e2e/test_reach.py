"""What a person reaches for is there: under the pointer, and still there while they type."""

import pytest

from tests.e2e.test_live import enter

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(240)]
# What lies in the window and is covered at its middle by something else, the bar at the edge apart.
UNDER = """() => [...document.querySelectorAll("main a, main button, main summary, header a, header button")]
  .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.closest(".dock, dialog, .visually-hidden"))
  .map(e => [e, e.getClientRects()[0]])
  .filter(([e, r]) => r && r.width > 4 && r.height > 4 && r.top >= 0 && r.bottom <= innerHeight && r.left >= 0)
  .map(([e, r]) => [e, document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2)])
  .filter(([e, top]) => top && !e.contains(top) && !top.contains(e) && !top.closest(".dock, header"))
  .map(([e, top]) => `${innerWidth}: ${e.outerHTML.slice(0, 60)} under ${top.outerHTML.slice(0, 60)}`)"""


def test_nothing_that_is_pressed_lies_under_something_else(open_page, seeded) -> None:
    page = open_page()
    enter(page, seeded.room)
    for width in (1920, 1440, 1280, 1100, 1024, 390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(UNDER) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.click(".room-links a:has-text('Handoff')")
    page.wait_for_url("**/handoff/")


def test_typing_at_the_edge_scrolls_nothing(open_page, seeded) -> None:
    page = open_page()
    enter(page, seeded.room)
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate("scrollTo(0, 0)")
        page.locator("#steer").focus()
        page.keyboard.type("@network look at catalogue")
        assert page.evaluate("scrollY") == 0, width
        page.fill("#steer", "")
    names = "#steer-list [data-for=service]"
    name = page.locator(names).first.get_attribute("data-value")
    page.keyboard.type(f"/focus {name[:-1]}")
    page.wait_for_selector(f"{names}:visible")
    # A target is sent as it was typed; the arrow takes a name that begins like it.
    assert page.locator("#steer-list [aria-selected=true]:visible").count() == 0
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("#steer") == f"/focus {name}"
    page.fill("#steer", "")
