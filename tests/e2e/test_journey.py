"""From an alert to a verified fix, in a browser, on a desktop and on a phone."""

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(300)]


def start(page, scenario: str) -> None:
    page.select_option("#scenario", scenario)
    page.click("button:has-text('Start a practice')")
    page.wait_for_url("**/i/*/", timeout=40_000)


@pytest.mark.parametrize(
    ("width", "height", "scenario"), [(1440, 900, "retry_storm"), (390, 844, "bad_release_errors")]
)
def test_journey(open_page, stack, width, height, scenario) -> None:
    page = open_page(width=width, height=height)
    start(page, scenario)
    page.wait_for_selector("text=Live ·", timeout=10_000)
    page.wait_for_selector("#evidence-list .card", timeout=20_000, state="attached")
    page.wait_for_selector("#consensus .likely", timeout=30_000)
    page.wait_for_selector("#actions .btn-primary", timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.fill("#claim", "packet loss to payments")
    page.click("button:has-text('Post hypothesis')")
    # A phone folds what is ruled out, and says on a line of its own what became of one's own.
    card = "article.hyp:has-text('posted by local-approver')"
    mine = card if width > 900 else ".posted:has-text('of local-approver')"
    page.wait_for_selector(
        f"{mine}:has-text('ruled out'), {mine}:has-text('refuted'), {mine}:has-text('inconclusive')",
        timeout=30_000,
    )
    number = page.url.rstrip("/").rpartition("/")[2]
    page.wait_for_selector("#actions .btn-primary:not([disabled])")
    page.click("#actions .btn-primary")
    page.wait_for_selector("#actions:has-text('succeeded')", timeout=150_000)
    page.wait_for_selector("#summary:has-text('Mitigated')", timeout=10_000)
    page.click("a.to-resolve")
    assert page.evaluate("document.activeElement.id") == "resolve-reason"
    page.keyboard.press("Enter")
    page.wait_for_selector("#summary:has-text('Resolved')", timeout=10_000)
    page.wait_for_selector("#resolve-answer:has-text('Read the post-mortem')")
    assert page.evaluate("!!document.activeElement.closest('#resolve-answer')")
    page.goto(f"{stack.base}/history/?q={scenario.replace('_', '+')}")
    page.wait_for_selector(f"a:has-text('INC-{number}')")
    assert page.problems == []


def test_a_viewer_sees_no_controls(open_page) -> None:
    page = open_page("viewer")
    assert page.locator("button:has-text('Start a practice')").count() == 0
    mine = open_page()
    start(mine, "disk_full")
    mine.wait_for_selector("#actions .btn-primary", timeout=40_000)
    page.goto(mine.url)
    page.wait_for_selector("#actions .action")
    assert (
        page.locator("#steer, #claim, #actions .btn-primary, [aria-label^=Challenge]").count() == 0
    )


def test_typing_and_open_details_survive_updates(open_page) -> None:
    page = open_page()
    start(page, "crash_loop")
    page.wait_for_selector("#consensus .likely", timeout=30_000)
    page.locator("#evidence-list .card details").first.evaluate("d => d.open = true")
    page.fill("#steer", "half a sent")
    page.focus("#steer")
    page.evaluate("document.querySelector('#claim').form.requestSubmit ? 0 : 0")
    page.fill("#claim", "dns fails")
    page.click("button:has-text('Post hypothesis')")
    page.wait_for_selector("article.hyp:has-text('dns fails')", timeout=10_000)
    page.wait_for_timeout(1500)
    assert page.input_value("#steer") == "half a sent"
    assert page.locator("#evidence-list .card details").first.evaluate("d => d.open")
