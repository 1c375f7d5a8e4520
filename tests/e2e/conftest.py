"""A real stack and a real browser."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from sre_workspace.embedded.paths import paths_of
from sre_workspace.embedded.postgres import DATABASE, server_url
from tests.factories.browser import FLAGS, browser_path, signed_in_page

# Whether the first action of an incident that is open still waits, and for a while.
WAITS = """
    SELECT 1 FROM remediation_action a
    JOIN investigations_investigation i ON i.id = a.investigation_id
    JOIN investigations_incident n ON n.id = i.incident_id
    WHERE n.id = %s AND n.state <> 'resolved' AND a.number = 1 AND a.state = 'proposed'
      AND a.approval_expires_at > now() + interval '4 minutes'
"""
ROOT = Path(__file__).resolve().parents[2]


class Stack:
    """A running ``up``: its address and a sign-in link per role."""

    def __init__(self, process, text: str, state: Path) -> None:
        self.process = process
        self.state = state
        self.base = re.search(r"READY (\S+)", text)[1]

    def manage(self, *words: str) -> str:
        """Run a management command in the stack's own state; return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=environment(self.state),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def link(self, role: str) -> str:
        return self.manage("sign_in_link", role).splitlines()[-1]

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Ask the stack's own database."""
        with psycopg.connect(server_url(paths_of(self.state).postgres_sockets, DATABASE)) as found:
            return found.execute(query, values).fetchall()

    def pid_of(self, part: str) -> int:
        """Return the process of a part of the stack, such as ``web``."""
        return int(json.loads((self.state / "pids" / f"{part}.json").read_text("utf-8"))["pid"])

    def seed(self, call: str) -> str:
        """Call a function of :mod:`tests.e2e.seeding` inside the stack; return its answer."""
        code = f"from tests.e2e.seeding import *; print({call})"
        return self.manage("shell", "-v", "0", "-c", code).splitlines()[-1]


@dataclass(frozen=True)
class Seeded:
    """An incident of a hundred cards with one action that waits."""

    number: int
    room: str
    origin: str


def environment(state: Path) -> dict[str, str]:
    kept = {
        k: v
        for k, v in os.environ.items()
        if k not in {"DATABASE_URL", "REDIS_URL", "SRE_TEST_DATABASE", "DJANGO_SETTINGS_MODULE"}
    }
    return {**kept, "SRE_STATE_DIR": str(state)}  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker have all that uses the stack: then one is started, and one incident is worked."""
    for item in items:
        if item.path.parent == Path(__file__).parent and "stack" in getattr(
            item, "fixturenames", ()
        ):
            item.add_marker(pytest.mark.xdist_group("stack"))


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


@pytest.fixture(scope="session")
def made() -> list[Seeded]:
    """Keep the incidents that were seeded, the newest last."""
    return []


@pytest.fixture
def seeded(stack, browser, made) -> Seeded:
    """Return an incident of a hundred cards with an action that waits.

    A test that starts a practice of its own ends the one before: then another is worked.
    """
    if not made or not stack.ask(WAITS, made[-1].number):
        made.append(_work_one(stack, browser))
    return made[-1]


def _work_one(stack, browser) -> Seeded:
    """Work a practice incident to its proposal, and fill its board."""
    from playwright.sync_api import TimeoutError

    page = signed_in_page(browser, stack.link("responder"), stack.base)
    # A second fault of one service within minutes may be left open: then another is as good.
    for scenario in ("disk_full", "bad_release_errors", "crash_loop"):
        page.goto(f"{stack.base}/inbox/")
        page.select_option("#scenario", scenario)
        page.click("button:has-text('Start a practice')")
        page.wait_for_url("**/i/*/", timeout=40_000)
        with suppress(TimeoutError):
            page.wait_for_selector("#actions .action", timeout=60_000)
            break
    room = page.url
    # Agents that look again would replace what the checks propose.
    page.fill("#steer", "/pause")
    page.keyboard.press("Enter")
    page.wait_for_selector("#summary:has-text('paused'), #agents:has-text('paused')")
    page.context.close()
    number = int(room.rstrip("/").rpartition("/")[2])
    stack.seed(f"propose_rivals({number})")
    stack.seed(f"fill({number}, 100)")
    return Seeded(number, room, stack.base)


@pytest.fixture
def browser():
    """Run a browser for one test: its loop would be in the way of asynchronous tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def open_page(stack, browser):
    """Open a signed-in page; every console error, failed request and server error is kept."""

    def make(role: str = "approver", **look: object):
        return signed_in_page(browser, stack.link(role), stack.base, **look)

    return make
