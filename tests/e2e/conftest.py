"""A real stack and a real browser."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def browser_path() -> str:
    found = os.environ.get("SRE_BROWSER", "")
    if not found and Path("/usr/bin/chromium").exists():
        found = "/usr/bin/chromium"
    if not found:
        if os.environ.get("REQUIRE_REAL"):
            pytest.fail("REQUIRE_REAL is set and there is no Chrome or Chromium")
        pytest.skip("no Chrome or Chromium")
    return found


class Stack:
    """A running ``up``: its address and a sign-in link per role."""

    def __init__(self, process, text: str, state: Path) -> None:
        self.process = process
        self.state = state
        self.base = re.search(r"READY (\S+)", text)[1]

    def link(self, role: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", "sign_in_link", role], cwd=ROOT, env=environment(self.state),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip().splitlines()[-1]


def environment(state: Path) -> dict[str, str]:
    kept = {
        k: v
        for k, v in os.environ.items()
        if k not in {"DATABASE_URL", "REDIS_URL", "SRE_TEST_DATABASE", "DJANGO_SETTINGS_MODULE"}
    }
    return {**kept, "SRE_STATE_DIR": str(state)}  # fmt: skip


@pytest.fixture(scope="session")
def stack():
    browser_path()
    # Pytest's own folders are private to root, and PostgreSQL then runs as nobody.
    state = Path(tempfile.mkdtemp(prefix="sre-e2e-"))
    state.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (state / "up.log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port)], cwd=ROOT, env=environment(state),
        stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    deadline = time.monotonic() + 90
    text = ""
    while time.monotonic() < deadline and "Stop with" not in text and process.poll() is None:
        time.sleep(0.3)
        text = (state / "up.log").read_text()
    assert "READY" in text, text
    yield Stack(process, text, state)
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
def open_page(stack):
    """Open a signed-in page; every console error, failed request and server error is kept."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)

        def make(
            role: str = "approver", *, width: int = 1440, height: int = 900, theme: str = "dark"
        ):
            context = browser.new_context(
                viewport={"width": width, "height": height}, locale="en-US", timezone_id="UTC",
                color_scheme=theme,
            )  # fmt: skip
            page = context.new_page()
            page.problems = []
            page.on("console", lambda m: m.type == "error" and page.problems.append(m.text))
            page.on("pageerror", lambda e: page.problems.append(str(e)))
            page.on(
                "response",
                lambda r: r.status >= 400 and page.problems.append(f"{r.status} {r.url}"),
            )
            page.goto(stack.link(role))
            page.click("main button:has-text('Sign in')")
            page.wait_for_url(f"{stack.base}/")
            return page

        yield make
        browser.close()
