"""Deciding when things fail: by keyboard alone, without the socket, on a target that gives no answer."""

import os
import signal
import time

import pytest

from tests.e2e.test_live import LIVE, until

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(240)]
HAS_FOCUS = "document.activeElement"


def propose(stack, seeded) -> int:
    return int(stack.seed(f"propose_like({seeded.number})"))


def test_approving_by_keyboard_and_a_refusal_that_is_told(open_page, stack, seeded) -> None:
    """Checks 15 and 20: three keys; focus on the result; why it does not run, within two seconds."""
    number = propose(stack, seeded)
    # The keys lead to the first that waits, which is the oldest.
    others = stack.seed(f"set_aside({seeded.number}, {number})")
    page = open_page()
    page.goto(seeded.room)
    page.wait_for_selector(f"#action-{number} [data-needs-live]:not([disabled])")
    stack.seed(f"put_back({seeded.number}, {others!r})")
    page.keyboard.press("a")
    page.keyboard.press("Tab")
    assert page.evaluate(f"{HAS_FOCUS}.matches('#action-{number} [data-needs-live]')")
    page.keyboard.press("Enter")
    began = time.monotonic()
    until(page, f"{HAS_FOCUS}.matches('#action-{number} [role=status]')")
    assert "Approved" in page.evaluate(f"{HAS_FOCUS}.textContent")
    # The target of the copy does not exist: the lab refuses, and the card says so.
    page.wait_for_selector(f"#action-{number}:has-text('There is no workload')")
    seconds = time.monotonic() - began
    print(f"check 20: the refusal was read after {seconds:.1f} s")
    assert "Nothing ran yet. It is tried again until" in page.inner_text(f"#action-{number}")
    assert page.evaluate(f"!!{HAS_FOCUS}.closest('#action-{number}')")


def test_a_target_that_gives_no_answer_is_told_at_its_limit(open_page, stack, seeded) -> None:
    """Check 20: five seconds are the executor's stated limit."""
    number = propose(stack, seeded)
    page = open_page()
    page.goto(seeded.room)
    page.wait_for_selector(f"#action-{number} [data-needs-live]:not([disabled])")
    lab = stack.pid_of("lab")
    os.kill(lab, signal.SIGSTOP)
    try:
        page.click(f"#action-{number} [data-needs-live]")
        began = time.monotonic()
        page.wait_for_selector(f"#action-{number}:has-text('The lab did not answer')")
        print(f"check 20: the silence was told after {time.monotonic() - began:.1f} s")
        assert "Nothing ran yet" in page.inner_text(f"#action-{number}")
    finally:
        os.kill(lab, signal.SIGCONT)


def test_without_the_socket_nothing_is_decided_later(open_page, stack, seeded) -> None:
    """Check 19: disabled with its reason; not sent means never sent; the action's own page works."""
    number = propose(stack, seeded)
    decided = f"approvals({seeded.number}, {number})"
    page = open_page()
    sockets = []

    def through(socket) -> None:
        if sockets:
            socket.close(code=1012)
            return
        server = socket.connect_to_server()
        socket.on_message(server.send)
        server.on_message(socket.send)
        sockets.append(socket)

    page.route_web_socket("**/ws/i/**", through)
    page.goto(seeded.room)
    page.wait_for_selector(LIVE)
    page.wait_for_selector(f"#action-{number} [data-needs-live]:not([disabled])")
    sockets[0].close(code=1012)
    page.wait_for_selector(f"#action-{number} [data-needs-live][disabled]")
    assert "Waits for the connection" in page.inner_text(f"#action-{number}")
    page.locator(f"#action-{number} [data-needs-live]").dispatch_event("click")
    page.goto(f"{seeded.room}a/{number}/")
    page.context.set_offline(True)
    page.click(f"#action-{number} .btn-primary")
    page.wait_for_selector(".form-note:has-text('No connection: it was not sent')")
    page.context.set_offline(False)
    page.wait_for_timeout(1500)
    assert stack.seed(decided) == "0"
    page.click(f"#action-{number} .btn-primary")
    page.wait_for_selector(f"#action-{number} [role=status]:has-text('Approved')")
    assert stack.seed(decided) == "1"
