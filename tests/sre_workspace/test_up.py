"""``manage.py up`` from outside: a real stack in a state folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from sre_workspace.bench.stack import (
    ROOT,
    RunningStack,
    free_port,
    running_stack,
    stack_environment,
    start_stack,
)
from sre_workspace.embedded.children import end_leftovers

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("up")]
PARTS = {"database", "redis", "investigate", "remediate", "beat", "lab"}
STOP_SECONDS = 4.0


@pytest.fixture(scope="module")
def state(module_folder: Path) -> Path:
    return module_folder / "state"


@pytest.fixture(scope="module")
def stack(state: Path) -> Iterator[RunningStack]:
    with running_stack(state) as running:
        yield running


def _health(address: str) -> tuple[int, dict[str, str]]:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:  # noqa: S310
            return answer.status, json.load(answer)["parts"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["parts"]


def _up(state: Path, port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "up", "--port", str(port)],
        cwd=ROOT, env=stack_environment(state), capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip


def _pid(state: Path, name: str) -> int:
    return int(json.loads((state / "pids" / f"{name}.json").read_text())["pid"])


def _wait_for(seconds: float, check: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return True
        time.sleep(0.1)
    return False


def test_it_says_ready_once_and_every_part_serves(stack: RunningStack) -> None:
    assert len([line for line in stack.lines if line.startswith("READY")]) == 1
    assert _health(stack.address) == (200, dict.fromkeys(PARTS, "ok"))


def test_it_offers_a_link_for_each_role_and_for_two_approvers(stack: RunningStack) -> None:
    """What one approver stops only another may let run again."""
    assert set(stack.links) == {"viewer", "responder", "approver", "approver-2", "admin"}
    assert len(set(stack.links.values())) == 5
    assert "/sign-in/" in stack.manage("sign_in_link", "approver-2")


def test_a_second_up_says_where_the_first_runs(stack: RunningStack) -> None:
    second = _up(stack.state, free_port())
    assert second.returncode != 0
    assert stack.address in second.stderr
    assert _health(stack.address)[0] == 200


def test_a_taken_port_is_a_clear_error(stack: RunningStack, folder: Path) -> None:
    port = int(stack.address.rpartition(":")[2])
    other = _up(folder / "other", port)
    assert other.returncode != 0
    assert f"Port {port} on 127.0.0.1 is taken" in other.stderr


def test_a_command_uses_the_running_database(stack: RunningStack) -> None:
    pid = _pid(stack.state, "postgres")
    link = stack.manage("sign_in_link", "viewer").strip()
    assert link.startswith(f"{stack.address}/sign-in/")
    assert _pid(stack.state, "postgres") == pid
    assert _health(stack.address)[0] == 200


def test_secrets_are_for_their_owner_only(stack: RunningStack) -> None:
    modes = {f.name: f.stat().st_mode & 0o777 for f in stack.state.iterdir() if f.is_file()}
    assert modes["secret-key"] == 0o600
    assert modes["lab-intake-token"] == 0o600


def test_nothing_but_the_pages_listens_on_the_network(stack: RunningStack) -> None:
    ports = set()
    for process in stack.family():
        with suppress(psutil.NoSuchProcess):  # a server process of one short connection
            found = process.net_connections("inet")
            ports |= {c.laddr.port for c in found if c.status == psutil.CONN_LISTEN}
    assert ports == {int(stack.address.rpartition(":")[2])}


@pytest.mark.parametrize("name", ["investigate", "web", "valkey"])
def test_a_killed_part_comes_back(stack: RunningStack, name: str) -> None:
    killed: list[int] = []

    def is_killed() -> bool:
        # What the end of another part has taken down is on its way back.
        with suppress(ProcessLookupError):
            pid = _pid(stack.state, name)
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        return bool(killed)

    assert _wait_for(20, is_killed), stack.lines
    assert _wait_for(20, lambda: _pid(stack.state, name) != killed[0]), stack.lines

    def is_well() -> bool:
        try:
            return _health(stack.address)[0] == 200
        except OSError:
            return False

    assert _wait_for(30, is_well)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_killed_or_stopped_it_leaves_nothing(folder: Path) -> None:
    stack = start_stack(folder / "state")
    family = stack.family()
    os.kill(stack.process.pid, signal.SIGKILL)
    stack.process.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []

    again = start_stack(folder / "state")
    family = again.family()
    assert _health(again.address)[0] == 200
    seconds = again.stop(signal.SIGTERM)
    assert seconds < STOP_SECONDS
    assert [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    assert list((folder / "state" / "pids").iterdir()) == []


def test_what_a_killed_run_left_is_ended_and_named(tmp_path: Path) -> None:
    """Where the kernel does not help: a process of an earlier run, found by pid and start time."""
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    created = psutil.Process(left.pid).create_time()
    (tmp_path / "beat.json").write_text(
        json.dumps({"name": "beat", "pid": left.pid, "created": created, "note": ""})
    )
    (tmp_path / "web.json").write_text(
        json.dumps({"name": "web", "pid": bystander.pid, "created": created - 60, "note": ""})
    )
    (tmp_path / "lab.json").write_text("not json")
    assert end_leftovers(tmp_path) == ["beat"]
    assert left.poll() is not None
    assert bystander.poll() is None
    assert list(tmp_path.iterdir()) == []
    bystander.kill()
    bystander.wait()
