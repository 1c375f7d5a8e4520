"""Approving by hand: reachable, once, and each refusal in a sentence of its own."""

import re

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(240)]


@pytest.fixture
def proposed(stack, seeded):
    """Propose another action on the seeded incident; return its number and page."""

    def make(**how: object):
        given = ", ".join(f"{k}={v!r}" for k, v in how.items())
        number = int(stack.seed(f"propose_like({seeded.number}, {given})"))
        return number, f"{seeded.room}a/{number}/"

    return make


def told(page, number: int) -> str:
    page.wait_for_selector(f"#action-{number} [role=alert], #action-{number} [role=status]")
    return page.locator(f"#action-{number}").inner_text()


def test_the_plan_changed_since_it_was_read(open_page, stack, seeded, proposed) -> None:
    number, address = proposed()
    page = open_page()
    page.goto(address)
    stack.seed(f"change_plan({seeded.number}, {number})")
    page.click(f"#action-{number} .btn-primary")
    text = told(page, number)
    assert "changed since you read it" in text
    assert "Nothing ran" in text


def test_an_expired_action_runs_nothing(open_page, proposed) -> None:
    number, address = proposed(expired=True)
    page = open_page()
    page.goto(address)
    button = page.locator(f"#action-{number} .btn-primary")
    if button.count():
        button.click()
        told(page, number)
    assert re.search(r"[Ee]xpired", page.locator(f"#action-{number}").inner_text())


def test_a_red_action_waits_for_the_second_person(open_page, proposed) -> None:
    number, address = proposed(risk="red", title="Fail over the database")
    page = open_page()
    page.goto(address)
    typed = page.locator(f"#action-{number} input[name=service]")
    if typed.count():
        typed.fill(f"other-{number}")
    page.click(f"#action-{number} .btn-primary")
    told(page, number)
    assert "1 of 2" in page.locator(f"#action-{number}").inner_text()


def test_a_responder_has_no_button_and_no_way(open_page, seeded, proposed) -> None:
    number, address = proposed()
    page = open_page("responder")
    page.goto(address)
    assert page.locator(f"#action-{number} .btn-primary").count() == 0
    token = page.evaluate("document.querySelector('input[name=csrfmiddlewaretoken]').value")
    answer = page.request.post(
        f"{address}approvals/", form={"decision": "approve", "digest": "0" * 64},
        headers={"X-CSRFToken": token, "Referer": address},
    )  # fmt: skip
    assert answer.status == 403


WRITES = (
    ("hypotheses/", {"claim": "dns"}), ("h/1/rule-out/", {"reason": "no"}), ("e/1/challenge/", {}),
    ("e/1/weigh/", {"hypothesis": "1", "kind": "supports", "reason": "x"}), ("steer/", {"text": "/stop"}),
    ("grade/", {"grade": "right"}), ("state/", {"to": "resolved", "reason": "over"}),
    ("acknowledge/", {}), ("lead/", {}), ("handoff/offers/", {"note": "x"}),
    ("merge/", {"into": "1", "reason": "x"}), ("separate/", {}), ("status/updates/", {"text": "x"}),
    ("status/links/", {}), ("report/repair/", {"body": "x"}), ("report/repair/anew/", {}),
    ("a/{action}/approvals/", {"decision": "approve", "digest": "0"}),
)  # fmt: skip
POST = """async ([path, data]) => {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(path, {method: "POST", redirect: "manual", body: new URLSearchParams(data),
                                    headers: {"X-CSRFToken": token}});
  return answer.status;
}"""
LAST = """
    SELECT i.last_sequence, n.state FROM investigations_investigation i
    JOIN investigations_incident n ON n.id = i.incident_id WHERE n.id = %s
"""


def test_a_viewer_has_no_control_and_every_post_is_refused(
    open_page, stack, seeded, proposed
) -> None:
    """Check 33: nothing in the page writes, and what is posted by hand is refused and does nothing."""
    number, _ = proposed()
    page = open_page("viewer")
    page.goto(seeded.room, wait_until="networkidle")
    page.wait_for_selector(f"#action-{number}")
    forms = page.locator("main form, main [hx-post], main input:not(#zoom), main textarea")
    assert forms.count() == 0
    before = stack.ask(LAST, seeded.number)
    answers = {
        path: page.evaluate(POST, [seeded.room + path.format(action=number), data])
        for path, data in WRITES
    }
    assert answers == dict.fromkeys(answers, 403)
    assert page.evaluate(POST, [f"{seeded.origin}/kill-switch/", {"do": "engage"}]) == 403
    assert stack.ask("SELECT 1 FROM remediation_killswitch WHERE is_engaged") == []
    assert stack.ask(LAST, seeded.number) == before
    assert int(stack.seed(f"approvals({seeded.number}, {number})")) == 0


def test_a_double_click_decides_once(open_page, stack, seeded, proposed) -> None:
    number, address = proposed()
    page = open_page()
    page.goto(address)
    stale, other = open_page("approver"), open_page("approver")
    # One page hears of what another person decided, one does not.
    stale.route("**/*until=decided*", lambda route: route.fulfill(status=204))
    for one in (stale, other):
        one.context.add_cookies(page.context.cookies())
        one.goto(address)
    page.wait_for_load_state("networkidle")
    page.dblclick(f"#action-{number} .btn-primary")
    page.wait_for_selector(f"#action-{number}:not(:has(.btn-primary))")
    other.wait_for_selector(f"#action-{number}:not(:has(.btn-primary))", timeout=10_000)
    assert other.locator("#reviewing").count() == 0, "nobody reviews what is decided"
    stale.click(f"#action-{number} .btn-primary")
    stale.wait_for_selector(f"#action-{number}:has-text('pproved by local-approver')")
    assert stale.locator(f"#action-{number} .btn-primary").count() == 0
    assert int(stack.seed(f"approvals({seeded.number}, {number})")) == 1


def test_the_stop_refuses_with_its_reason(open_page, stack, proposed) -> None:
    number, address = proposed()
    page = open_page()
    page.goto(address)
    stack.seed("stop_all()")
    try:
        page.click(f"#action-{number} .btn-primary")
        assert "stopped" in told(page, number)
    finally:
        stack.seed("go_on()")
