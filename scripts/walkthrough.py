"""Walk one practice incident from its alert to its place in history, and keep pictures of each step.

    export SRE_STATE_DIR=$(mktemp -d)           a state of its own: a target that was just changed rests
    ./run up                                    in one terminal, and in another:
    .venv/bin/python scripts/walkthrough.py     with the same SRE_STATE_DIR

Pictures of each step in both themes, on a desktop and on a phone, go to ``docs/walkthrough/``;
``docs/walkthrough.md`` shows them. Needs Chrome or Chromium.
"""

import base64
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tests.factories.browser import FLAGS, browser_path, signed_in_page  # noqa: E402

FOLDER = ROOT / "docs" / "walkthrough"
SCENARIO = "retry_storm"
QUALITY = 55
SOON, LATE = 40_000, 180_000
TOP = "(e) => { e.scrollIntoView({block: 'start'}); scrollBy(0, -64); }"
MINE = "article.hyp:has-text('posted by local-responder')"


def link(role: str) -> str:
    """Return a one-time sign-in link of the stack that runs."""
    words = [sys.executable, str(ROOT / "manage.py"), "sign_in_link", role]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.strip() or done.stdout.strip())
    return done.stdout.splitlines()[-1]


class Walk:
    """The pages of one walk: two people who act, and a desktop and a phone that look."""

    def __init__(self, browser: Browser) -> None:
        """Sign everybody in."""
        first = link("responder")
        self.base = first.partition("/sign-in/")[0]
        self.responder = signed_in_page(browser, first, self.base)
        self.approver = signed_in_page(browser, link("approver"), self.base)
        self.looks = {
            "desktop": signed_in_page(browser, link("approver"), self.base),
            "phone": signed_in_page(browser, link("approver"), self.base, width=390, height=844),
        }
        self.step = 0

    def shoot(self, name: str, address: str, *, at: str = "", phone: str = "") -> None:
        """Keep four pictures of an address. On the phone: scrolled to ``at``, or of ``phone``."""
        self.step += 1
        for size, page in self.looks.items():
            page.goto(phone if phone and size == "phone" else address, wait_until="networkidle")
            if at and size == "phone":
                place = page.locator(at).first
                place.wait_for(state="attached", timeout=SOON)
                place.evaluate(TOP)
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                page.wait_for_timeout(250)
                keep(page, FOLDER / f"{self.step}-{name}-{size}-{theme}.webp")
        print(f"{self.step} {name}")


def keep(page: Page, path: Path) -> None:
    """Write what the window shows, small."""
    tools = page.context.new_cdp_session(page)
    shot = tools.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    path.write_bytes(base64.b64decode(shot["data"]))
    tools.detach()


def investigate(walk: Walk) -> str:
    """Start the incident, look at its evidence, post a hypothesis, challenge a card."""
    page = walk.responder
    page.select_option("#scenario", SCENARIO)
    page.click("button:has-text('Start a practice')")
    page.wait_for_url("**/i/*/", timeout=SOON)
    room = page.url
    walk.shoot("alert", f"{walk.base}/inbox/")
    page.wait_for_selector("#consensus .likely", timeout=SOON)
    walk.shoot("evidence", room, at="#ev-title")
    page.fill("#claim", "packet loss to payments")
    page.click("button:has-text('Post hypothesis')")
    page.wait_for_selector(
        ", ".join(f"{MINE}:has-text('{word}')" for word in ("ruled out by", "refuted", "inconclusive")),
        timeout=SOON,
    )  # fmt: skip
    mine = page.locator(MINE).first.get_attribute("id")
    walk.shoot("own-hypothesis", f"{room}h/{mine.removeprefix('hyp-')}/")
    page.goto(room)
    card = page.locator("#evidence-list .card").first.get_attribute("id")
    page.locator(f"#{card} button:has-text('Challenge')").click()
    page.wait_for_selector(f"#{card}:has-text('survive')", timeout=SOON)
    walk.shoot("challenge", room, at=f"#{card}")
    return room


def act(walk: Walk, room: str) -> None:
    """Approve the action that waits, and see it verified."""
    page = walk.approver
    page.goto(room)
    page.wait_for_selector("#actions .btn-primary:not([disabled])", timeout=SOON)
    number = (
        page.locator("#actions .action:has(.btn-primary)")
        .first.get_attribute("id")
        .rpartition("-")[2]
    )
    own = f"{room}a/{number}/"
    walk.shoot("approval", room, phone=own)
    page.click(f"#action-{number} .btn-primary")
    page.wait_for_selector(f"#action-{number}:has-text('verifying')", timeout=LATE)
    walk.shoot("verification", own)
    page.wait_for_selector("#resolve-reason", timeout=LATE)
    walk.shoot("helped", room)


def finish(walk: Walk, room: str) -> None:
    """Resolve it, read its report, and find it again."""
    page = walk.responder
    page.goto(room)
    page.click("#resolve button:has-text('Resolve')")
    page.wait_for_selector("#summary:has-text('Resolved')", timeout=SOON)
    walk.shoot("resolved", room)
    walk.shoot("report", f"{room}report/")
    page.wait_for_timeout(2_000)
    walk.shoot("found-again", f"{walk.base}/history/?q=storefront+repeats+its+calls")


def main() -> None:
    """Walk it once."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.webp"):
        old.unlink()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        walk = Walk(browser)
        room = investigate(walk)
        act(walk, room)
        finish(walk, room)
        browser.close()
    size = sum(path.stat().st_size for path in FOLDER.glob("*.webp"))
    print(f"{len(list(FOLDER.glob('*.webp')))} pictures, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
