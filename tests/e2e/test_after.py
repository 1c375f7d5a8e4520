"""After the incident, in a browser: resolved, reported, edited, replayed, told to those who wait."""

import re

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(400)]
SECTIONS = ("#hypotheses", "#reasons")


def words(page, selector: str) -> str:
    return " ".join(page.locator(selector).inner_text().split())


def practice_room(page, stack) -> str:
    page.goto(f"{stack.base}/inbox/")
    page.select_option("#scenario", "retry_storm")
    page.click("button:has-text('Start a practice')")
    page.wait_for_url("**/i/*/", timeout=40_000)
    page.wait_for_selector("#actions .btn-primary", timeout=60_000)
    return page.url


def is_calm(page, address: str, width: int) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    page.goto(address)
    found = Axe().run(page).response["violations"]
    told = [f"{v['id']} {n['html'][:120]}" for v in found for n in v["nodes"][:3]]
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        told.append("scrolls sideways")
    if width < 900:
        small = page.evaluate(
            """[...document.querySelectorAll('main .btn, main select, main summary')].filter(
            e => e.getClientRects().length && e.getBoundingClientRect().height < 43.5
            ).map(e => e.outerHTML.slice(0, 80))"""
        )
        told += [f"small: {html}" for html in small]
    return [f"{address} {width}: {t}" for t in told]


def resolve(page) -> None:
    page.click("#summary button:has-text('Acknowledge')")
    page.wait_for_selector("#summary:has-text('lead local-approver')", timeout=10_000)
    page.click("#closing summary:has-text('resolved')")
    page.fill("#state-reason", "Retries are back to one.")
    page.click("#closing button:has-text('Resolve')")
    page.wait_for_selector("#summary:has-text('Resolved')", timeout=10_000)
    refused = page.locator("#steer, #claim, .rule-out, form.challenge")
    assert refused.count() > 4
    assert not any(form.is_visible() for form in refused.all())
    assert "is resolved: it takes no message" in words(page, ".over")
    page.reload()
    page.click(".over >> text=Open it again")
    assert page.locator("#state-reason").is_visible()


def replay(page, room: str, sequence: int, then: dict[str, str]) -> None:
    """Check 39: the replay shows what the room showed; then by keys, by the slider, by playing."""
    page.goto(f"{room}replay/")
    last = page.get_attribute(".replay-now", "data-sequence")
    page.click("#play")  # At its end, where it starts, it plays from the beginning.
    first = page.wait_for_function(
        """last => {
            const at = document.querySelector(".replay-now").dataset.sequence;
            return at !== last && at;
        }""",
        arg=last,
    )
    assert int(first.json_value()) < int(last)
    page.goto(f"{room}replay/?n={sequence}")
    assert {selector: words(page, selector) for selector in SECTIONS} == then
    step = """([way, from]) => {
        const at = Number(document.querySelector(".replay-now").dataset.sequence);
        return (at - from) * way > 0 && at;
    }"""
    page.keyboard.press(",")
    before = page.wait_for_function(step, arg=[-1, sequence]).json_value()
    assert "The timeline goes on" not in words(page, ".replay-now")
    page.keyboard.press(".")
    page.wait_for_function(step, arg=[1, before])
    page.focus("#scrub")
    page.keyboard.press("Home")
    page.wait_for_selector("#consensus:not(:has(.likely))")
    page.click("[data-speed='60']")
    page.keyboard.press("p")
    page.wait_for_selector("#summary:has-text('Resolved')", timeout=60_000)


def report(page, room: str) -> None:
    """Check 38: the same headings on the page, in the file and on paper; each anchor works."""
    page.goto(f"{room}report/")
    headings = page.locator(".report-section h2").all_inner_texts()
    assert headings[2:6] == ["Detection", "Diagnosis", "Repair", "Key moments"]
    with page.expect_download() as download:
        page.click("a:has-text('Export Markdown')")
    text = download.value.path().read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.M) == headings
    anchors(page, room, text)
    page.goto(f"{room}report/")
    page.emulate_media(media="print")
    assert page.locator(".report-section h2:visible").all_inner_texts() == headings
    assert page.locator(".top:visible, .no-print:visible").count() == 0
    page.emulate_media(media="screen")
    page.click("a[aria-label='Edit Repair']")
    page.fill("#body", "Set by hand <b>boldly</b>.")
    page.click("button:has-text('Save repair')")
    page.wait_for_selector(".prose:has-text('Set by hand <b>boldly</b>.')")


def anchors(page, room: str, text: str) -> None:
    """Click each anchor of the report once, and find what each line of the file points to."""
    lines = [line for line in text.splitlines() if re.match(r"- |\d+\. ", line)]
    assert len(lines) > 10
    own = room.partition("/i/")[0]
    written = {a for line in lines for a in re.findall(r"\]\((http[^)]+)\)", line)}
    links = page.locator(".prose a").evaluate_all("found => found.map(a => a.href)")
    assert written <= set(links)
    for address in sorted(set(links)):
        assert address.startswith(own)
        page.goto(f"{room}report/")
        page.locator(".prose a").nth(links.index(address)).click()
        page.wait_for_url(address)
        assert page.locator("h1").count() == 1
        place = address.partition("#")[2]
        assert not place or page.locator(f"[id='{place}']").count() == 1, address


def tell(page, room: str) -> str:
    """Post an update and return a link by which a stranger has read it."""
    page.goto(f"{room}status/")
    page.fill("#update-text", "It is over.")
    page.click("button:has-text('Post update')")
    page.wait_for_selector(".status-text:has-text('It is over.')")
    page.click("button:has-text('Make a link')")
    shared = page.input_value("#address")
    stranger = page.context.browser.new_context().new_page()
    stranger.goto(shared)
    stranger.wait_for_selector(".status-text:has-text('It is over.')")
    assert stranger.context.cookies() == []
    return shared


def test_from_resolved_to_reported_and_replayed(open_page, stack) -> None:
    page = open_page()
    room = practice_room(page, stack)
    viewer = open_page("viewer")  # Reads what is there, without the forms.
    viewer.goto(room)
    then = {selector: words(viewer, selector) for selector in SECTIONS}
    sequence = int(viewer.get_attribute("#room", "data-sequence"))
    resolve(page)
    replay(page, room, sequence, then)
    report(page, room)
    shared = tell(page, room)
    told = []
    for theme, width in (("light", 1440), ("dark", 320)):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 844})
        for path in ("report/", "report/repair/", "report/repair/versions/", "status/", "handoff/",
                     "replay/?n=9"):  # fmt: skip
            told += is_calm(page, room + path, width)
        told += is_calm(page, shared, width)
    assert told == []
    assert page.problems == []
