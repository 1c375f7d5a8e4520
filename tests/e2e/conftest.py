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

from tests.factories.browser import FLAGS, browser_path, signed_in_page

ROOT = Path(__file__).resolve().parents[2]


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

        def make(role: str = "approver", **look: object):
            return signed_in_page(browser, stack.link(role), stack.base, **look)

        yield make
        browser.close()
