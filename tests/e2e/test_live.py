"""What moves: the socket, the edit guard, presence, attention, keys, and forms that fail."""

import re
import time

import pytest

from sre_workspace.bench.pages import SLOW_CPU, SLOW_NETWORK
from tests.factories.browser import signed_in_page

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(240)]
LIVE = "#live[data-state=live]"
PROPOSED = """
    SELECT extract(epoch FROM e.at) FROM investigations_boardevent e
    JOIN investigations_investigation i ON i.id = e.investigation_id
    WHERE i.incident_id = %s AND e.payload->>'sentence' LIKE 'A' || %s || ' proposed%%' ORDER BY e.sequence DESC
"""
OPEN = "SELECT 1 FROM investigations_incident WHERE id = %s AND state = 'open'"
POST = """async ([path, data]) => {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(path, {method: "POST", headers: {"HX-Request": "true", "X-CSRFToken": token},
                                    body: new URLSearchParams(data)});
  return answer.status;
}"""


@pytest.fixture(scope="module")
def practised() -> list[str]:
    """Return the rooms that this module's tests have made, the newest last."""
    return []


@pytest.fixture
def room(stack, browser, practised) -> str:
    """Return the address of a room whose agents have concluded and are paused.

    A test that starts a practice of its own ends the one before: then another is worked.
    """
    if not practised or not stack.ask(OPEN, int(practised[-1].rstrip("/").rpartition("/")[2])):
        practised.append(_practise(stack, browser))
    return practised[-1]


def _practise(stack, browser) -> str:
    page = signed_in_page(browser, stack.link("approver"), stack.base)
    page.select_option("#scenario", "retry_storm")
    page.click("button:has-text('Start a practice')")
    page.wait_for_url("**/i/*/", timeout=60_000)
    page.wait_for_selector("#actions .btn-primary", timeout=60_000)
    steer(page, "/pause")
    page.wait_for_selector("#agent-network:has-text('paused')")
    address = str(page.url)
    page.context.close()
    return address


def steer(page, text: str) -> None:
    page.fill("#steer", text)
    page.press("#steer", "Enter")
    until(page, "!document.querySelector('#steer').value")


def say(page, text: str) -> None:
    """Post a hypothesis behind the page's back."""
    assert page.evaluate(POST, [f"{page.url}hypotheses/", {"claim": text}]) == 200


def until(page, expression: str, *, seconds: float = 8.0) -> None:
    """Wait until an expression is true; the page's own policy forbids Playwright's way to poll."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


def enter(page, room: str):
    page.goto(room)
    page.wait_for_selector(LIVE, timeout=10_000)
    return page


def test_the_socket_opens_on_every_load(open_page, room) -> None:
    """Check 13, in little: fifty slow loads are timed by ``./run bench``."""
    page = open_page()
    for _ in range(10):
        page.goto(room, wait_until="load")
        began = time.monotonic()
        page.wait_for_selector(LIVE, timeout=3_000)
        assert time.monotonic() - began < 3
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    tools.send("Network.emulateNetworkConditions", SLOW_NETWORK)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_CPU})
    for _ in range(2):
        began = time.monotonic()
        page.goto(room, wait_until="commit")
        page.wait_for_selector(LIVE, timeout=20_000)
        print(f"check 13: live after {time.monotonic() - began:.1f} s on a slow phone")
    assert page.problems == []


def test_after_every_way_to_close_it_goes_on_without_a_gap(open_page, room) -> None:
    page, other = open_page(), open_page("responder")
    enter(other, room)
    sockets = []

    def through(socket) -> None:
        server = socket.connect_to_server()
        socket.on_message(server.send)
        server.on_message(socket.send)
        sockets.append(socket)

    page.route_web_socket(re.compile(r".*/ws/i/"), through)
    enter(page, room)
    page.wait_for_selector("#actions .btn-primary")
    for code in (1001, 1006, 1011, 1012, 1013):
        claim = f"closed with {code} {time.time():.0f}"
        sockets[-1].close(code=code)
        page.wait_for_selector("#live[data-state=lost]")
        assert "Connection lost. You are reading data from" in page.inner_text("#lost")
        assert page.locator("#actions .btn-primary:not([disabled])").count() == 0
        assert "Waits for the connection" in page.inner_text("#actions .why-not >> nth=0")
        say(other, claim)
        began = time.monotonic()
        page.wait_for_selector(LIVE, timeout=6_000)
        page.wait_for_selector("#lost:has-text('Caught up: ')")
        seconds = time.monotonic() - began
        print(f"check 8: closed with {code}, caught up after {seconds:.1f} s")
        assert seconds < 6
        assert page.locator(f"article.hyp:has-text('{claim}')").count() == 1
        page.wait_for_selector("#actions .btn-primary:not([disabled])")
    page.wait_for_selector("#lost", state="hidden", timeout=10_000)


@pytest.mark.capability(35)
def test_what_one_writes_another_sees_within_a_second(open_page, room) -> None:
    page, other = enter(open_page(), room), enter(open_page("responder"), room)
    took = []
    for number in range(3):
        claim = f"seen at once {number} {time.time():.3f}"
        say(other, claim)
        began = time.monotonic()
        page.wait_for_selector(f"article.hyp:has-text('{claim}')", timeout=8_000)
        took.append(time.monotonic() - began)
    print("a second browser shows it after", [f"{t:.2f} s" for t in took])
    assert min(took) < 1


def test_signed_out_is_said_and_nothing_typed_is_lost(open_page, stack, room) -> None:
    page = open_page("responder")
    enter(page, room)
    page.fill("#steer", "@network look at payments")
    sockets = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    assert page.evaluate(POST, ["/logout/", {}]) == 200
    began = time.monotonic()
    page.wait_for_selector("#live[data-state=signed-out]", timeout=6_000)
    assert time.monotonic() - began < 5.5
    assert "Sign in" in page.inner_text("#lost")
    page.press("#steer", "Enter")
    page.wait_for_selector(".steer .form-note:has-text('You are signed out. Nothing was sent')")
    assert page.input_value("#steer") == "@network look at payments"
    page.wait_for_timeout(3_000)
    assert sockets == []


def test_twenty_updates_change_nothing_under_my_hands(open_page, room) -> None:
    page, other = open_page(), open_page("responder")
    enter(other, room)
    enter(page, room)
    page.locator("#evidence-list .card details").first.evaluate("d => d.open = true")
    rule = page.locator("#hypotheses .hyp:not(.is-ruled_out)").first
    rule.locator("details").evaluate("d => d.open = true")
    rule.locator("[name=reason]").fill("it does not")
    page.fill("#steer", "half a sentence")
    box = "document.querySelector('#steer')"
    page.evaluate(f"{box}.setSelectionRange(4, 6)")
    last = page.locator("#hypotheses").inner_text()
    for number in range(20):
        say(other, f"update {number} {time.time():.3f}")
        if number == 9:
            page.wait_for_selector("#held:has-text('update')")
            told = page.evaluate(f"[document.activeElement.id, {box}.value, {box}.selectionStart]")
            assert told == ["steer", "half a sentence", 4]
            kept = page.locator("#consensus p").nth(1)
            kept.evaluate("p => getSelection().selectAllChildren(p)")
            marked = page.evaluate("getSelection().toString()")
    # What comes after the click on "Show" would be held again: all are here before.
    other.wait_for_selector("article.hyp:has-text('update 19')")
    sequence = int(other.get_attribute("#room", "data-sequence"))
    until(page, f"Number(document.querySelector('#room').dataset.sequence) >= {sequence}")
    assert page.evaluate("getSelection().toString()") == marked
    assert rule.locator("[name=reason]").input_value() == "it does not"
    assert page.locator("#evidence-list .card details").first.evaluate("d => d.open")
    assert rule.locator("details").evaluate("d => d.open")
    assert page.locator("#hypotheses").inner_text() == last
    page.fill("#steer", "")
    page.click("#held-show")
    page.wait_for_selector("article.hyp:has-text('update 19')")
    rule.locator("[name=reason]").fill("")
    page.keyboard.press("Control+k")
    page.fill("#palette-field", "pay")
    say(other, f"while a dialog is open {time.time():.3f}")
    page.wait_for_selector("article.hyp:has-text('while a dialog is open')", state="attached")
    assert page.input_value("#palette-field") == "pay"


def test_people_see_who_is_here_and_what_they_look_at(open_page, room) -> None:
    page, other = open_page(), open_page("responder")
    enter(page, room)
    enter(other, room)
    page.wait_for_selector("#presence:has-text('local-responder')")
    # Who cannot decide is here, and reviews nothing; who can is seen to.
    other.focus("#action-1-t")
    page.focus("#action-1-t")
    other.wait_for_selector("#presence:has-text('local-approver: A1')", timeout=8_000)
    other.wait_for_selector("#action-1:has-text('local-approver is reviewing this')")
    phone = open_page("viewer", width=390, height=844)
    phone.goto(f"{room}a/1/")
    phone.wait_for_selector(
        "#reviewing:has-text('local-approver is reviewing this')", timeout=8_000
    )
    assert "local-responder: A1" not in page.inner_text("#presence")
    assert "local-viewer" not in other.inner_text("#action-1")
    other.close()
    page.wait_for_selector("#presence:has-text('local-responder')", state="hidden", timeout=8_000)


CROWD = "document.querySelector('#presence').textContent = '9 here: you, ' + 'local-responder: E4, '.repeat(8)"
# Everything in the header's row, from left to right: what is covered, cut off or outside the window.
COVERED = """() => {
  const row = [...document.querySelectorAll(".top > *, .top #kill-switch button, .top .menu > summary")]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().width > 1 && !e.matches(".skip, .top .menu"))
    .filter(e => !e.querySelector("button, summary"));
  const boxes = row.map(e => [e, e.getBoundingClientRect()]).sort((a, b) => a[1].left - b[1].left);
  const wrong = boxes.slice(1).filter(([, box], i) => box.left < boxes[i][1].right - 0.5);
  const stop = document.querySelector("#kill-switch button");
  if (stop.scrollWidth > stop.clientWidth || stop.getBoundingClientRect().right > innerWidth) wrong.push([stop]);
  return wrong.map(([e]) => `${innerWidth}: ${e.outerHTML.slice(0, 80)}`);
}"""


def test_the_stop_is_never_covered_whoever_is_here(open_page, room) -> None:
    page = open_page()
    enter(page, room)
    page.evaluate(CROWD)
    for width in (1440, 1280, 1180, 1024, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(COVERED) == []


# No frame and no clock: only a person can begin what the page's scripts do.
NEVER = """window.requestAnimationFrame = () => 0;
const later = window.setTimeout;
window.setTimeout = (work, ms, ...rest) => (ms === 500 ? 0 : later(work, ms, ...rest));"""


def test_a_key_that_is_pressed_before_the_scripts_begin_is_heard(open_page, room) -> None:
    page = open_page()
    page.add_init_script(NEVER)
    page.main_frame.goto(room)
    assert page.locator("html[data-ready]").count() == 0
    page.keyboard.press("Control+k")
    page.keyboard.type("retry")
    assert page.input_value("#palette-field") == "retry"
    # Nothing on the page itself is called so: the server was asked.
    until(page, "document.querySelectorAll('#palette-list li').length > 0")


def test_the_title_counts_what_waits_for_me(open_page, room) -> None:
    page, viewer = open_page(), open_page("viewer")
    enter(page, room)
    enter(viewer, room)
    until(page, r"/^\(\d+\) SEV/.test(document.title)")
    assert "favicon-dot" in page.get_attribute("link[rel=icon]", "href")
    assert re.match(r"SEV", viewer.title())
    assert viewer.locator("#steer, [data-insert], [data-needs-live]").count() == 0


def test_a_hidden_tab_counts_within_a_second(open_page, stack, seeded) -> None:
    """Check 12: nobody looks at the tab; an action is proposed; the title tells of it."""
    page = open_page()
    enter(page, seeded.room)
    until(page, r"/^\(\d+\) SEV/.test(document.title)")
    count = int(re.match(r"\((\d+)\)", page.title())[1])
    # Headless tabs are never covered: the page is told what a browser tells one that is.
    page.evaluate(
        """() => {
          for (const [name, value] of [["visibilityState", "hidden"], ["hidden", true]]) {
            Object.defineProperty(document, name, {configurable: true, get: () => value});
          }
          document.dispatchEvent(new Event("visibilitychange"));
          window.told = null;
          new MutationObserver(() => { window.told ??= Date.now(); })
            .observe(document.querySelector("title"), {childList: true, characterData: true, subtree: true});
        }"""
    )
    page.wait_for_timeout(200)
    number = stack.seed(f"propose_heard({seeded.number})")
    at = stack.ask(PROPOSED, seeded.number, number)[0][0]
    until(page, f"document.title.startsWith('({count + 1}) ')")
    late = page.evaluate("window.told") / 1000 - float(at)
    print(f"check 12: the title counted {late:.2f} s after the commit")
    assert late < 1


def test_everything_by_keyboard(open_page, stack, room) -> None:
    page = open_page()
    enter(page, room)
    page.wait_for_selector("#actions .btn-primary:not([disabled])")
    press = page.keyboard.press
    press("a")
    press("Tab")
    assert page.evaluate("document.activeElement.matches('[data-needs-live]')")
    press("Escape")
    press("j")
    press("j")
    card = page.evaluate("document.activeElement.id")
    assert card.startswith("ev-")
    press(".")
    assert page.evaluate("document.activeElement.closest('.card').id") == card
    press("Shift+T")
    until(page, "localStorage.times === 'local'")
    press("Shift+T")
    press("?")
    page.uncheck("[data-choice^=keys]")
    press("Escape")
    press("s")
    assert page.evaluate("document.activeElement.id") != "steer"
    press("Control+k")
    page.keyboard.type("single-letter")
    page.wait_for_selector("#palette-list [aria-selected=true]:has-text('Single-letter')")
    press("Enter")
    until(page, "!document.querySelector('dialog[open]')")
    press("s")
    until(page, "document.activeElement.id === 'steer'")
    page.keyboard.type("/pa")
    page.wait_for_selector("#steer-list [aria-selected=true]:visible")
    press("Enter")
    page.keyboard.type("@netw")
    press("Enter")
    assert page.input_value("#steer") == "/pause @network "
    page.fill("#steer", "")
    press("Escape")
    press("Control+k")
    page.keyboard.type("e1")
    page.wait_for_selector("#palette-list [aria-selected=true]:has-text('E1 ')")
    press("Enter")
    page.wait_for_url("**/e/1/")
    press("Escape")
    page.wait_for_url("**/?e=1*")
    press("g")
    press("i")
    page.wait_for_url("**/inbox/")
    assert page.problems == []


def test_what_is_refused_is_kept_and_what_is_sent_twice_is_done_once(open_page, room) -> None:
    page = open_page()
    enter(page, room)
    page.fill("#steer", "/pasue")
    page.press("#steer", "Enter")
    page.wait_for_selector("#steer-answer:has-text('Did you mean /pause?')")
    assert page.input_value("#steer") == "/pasue"
    claim = f"sent twice {time.time():.3f}"
    page.fill("#claim", claim)
    page.dblclick("button:has-text('Post hypothesis')")
    page.wait_for_selector(f"article.hyp:has-text('{claim}')")
    assert page.locator(f"article.hyp:has-text('{claim}')").count() == 1
    until(page, "!document.querySelector('#claim').value")
    page.context.set_offline(True)
    page.fill("#claim", "not sent")
    page.press("#claim", "Enter")
    page.wait_for_selector(".form-note:has-text('No connection: it was not sent')")
    assert page.input_value("#claim") == "not sent"
    page.context.set_offline(False)
    page.fill("#steer", "/stop")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.press("#steer", "Enter")
    until(page, "!document.querySelector('#steer').value")
    page.wait_for_selector(".form-note", state="detached", timeout=20_000)
    assert page.input_value("#claim") == "not sent"


def test_a_card_that_the_page_holds_already_is_not_put_in_again(open_page, stack, room) -> None:
    page = open_page()
    enter(page, room)
    # A page that was read while cards came in is told of the last of them once more.
    page.evaluate(
        """() => document.querySelector("#evidence-buffer").append(
            document.querySelector("#evidence-list .card").cloneNode(true))"""
    )
    number = int(room.rstrip("/").rpartition("/")[2])
    stack.seed(f"post({number}, 1)")
    page.click("#show-new")
    ids = page.locator("#evidence-list .card").evaluate_all("cards => cards.map(c => c.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("#evidence-buffer .card").count() == 0
