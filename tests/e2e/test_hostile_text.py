"""Text that came from elsewhere stays text, wherever it is shown."""

import json

import pytest

from tests.e2e.corpus import HOSTILE, MARK

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(300)]
INJECTED = """() => document.querySelectorAll(
  "main script, main iframe, main style, main base, [onerror], [onload], [onmouseover], "
  + "a[href^='javascript:' i], a[href^='data:' i]").length"""


def harmless(page, address: str) -> None:
    page.goto(address, wait_until="networkidle")
    assert page.evaluate(f"window.{MARK} === undefined"), address
    assert page.evaluate(INJECTED) == 0, address
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    ), address


def test_hostile_text_is_inert_everywhere(open_page, stack) -> None:
    page = open_page()
    token = stack.manage("make_intake_token", "hostile").split()[-1]
    for index in range(0, len(HOSTILE), 8):
        alerts = [
            {"status": "firing", "startsAt": "2026-01-01T00:00:00Z", "fingerprint": f"f{index}-{n}",
             "labels": {"alertname": text[:200], "service": f"svc{index}", "x": text},
             "annotations": {"summary": text, "description": text}}
            for n, text in enumerate(HOSTILE[index : index + 8])
        ]  # fmt: skip
        answer = page.request.post(
            f"{stack.base}/api/alerts/alertmanager/", data=json.dumps({"version": "4", "alerts": alerts}),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )  # fmt: skip
        assert answer.status == 200, answer.text()
    number = int(stack.seed("newest()"))
    room = f"{stack.base}/i/{number}/"
    stack.seed(f"post_hostile({number})")
    page.goto(room, wait_until="networkidle")
    for text in HOSTILE[:6] + HOSTILE[15:18]:
        line = text.replace("\n", " ")
        page.fill("#claim", line[:480])
        page.click("button:has-text('Post hypothesis')")
        page.fill("#steer", f"@network {line}"[:900])
        page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    page.problems.clear()
    for path in ("", "matrix/", "log/", "timeline/", "graph/", "replay/", "report/", "status/",
                 "handoff/", "h/1/", "e/2/", "e/4/"):  # fmt: skip
        harmless(page, room + path)
    for path in (
        "/inbox/",
        "/incidents/",
        "/history/?q=" + "%3Cscript%3E",
        "/audit/",
        "/services/",
    ):
        harmless(page, stack.base + path)
    assert [p for p in page.problems if "404" not in p] == []
