"""Real servers for tests: found, or the test fails or skips and says how to get them."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def missing(what: str) -> None:
    """Fail where real components are required, else skip."""
    if os.environ.get("REQUIRE_REAL"):
        pytest.fail(f"REQUIRE_REAL is set and {what}")
    pytest.skip(what)


def program(name: str, *others: str) -> str:
    """Return the path of a program, by the first name that is installed."""
    for known in (name, *others):
        if found := shutil.which(known):
            return found
    missing(f"{name} is not installed (Debian: apt-get install {name})")
    raise AssertionError


def free_port() -> int:
    """Return a TCP port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(
    check: Callable[[], bool], what: str, *, seconds: float = 60.0, pause: float = 0.2
) -> None:
    """Wait until something holds, or fail with what was waited for."""
    ends = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < ends, f"not within {seconds:g} s: {what}"
        time.sleep(pause)


@dataclass
class ControlPlane:
    """An API server, with a kubeconfig per identity."""

    admin: Path
    reader: Path
    remediator: Path

    def kubectl(self, *arguments: str, check: bool = True) -> str:
        """Run kubectl as the administrator."""
        done = subprocess.run(
            [program("kubectl", "kubernetes-client"), "--kubeconfig", str(self.admin), *arguments],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def apply(self, *documents: dict[str, object]) -> None:
        """Apply objects."""
        text = yaml.safe_dump_all(documents)
        subprocess.run(
            [program("kubectl"), "--kubeconfig", str(self.admin), "apply", "-f", "-"],
            input=text, text=True, check=True, capture_output=True, timeout=60,
        )  # fmt: skip


@dataclass
class Process:
    """A server of ours for the length of a test."""

    command: Sequence[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> "Process":
        """Start it; its output goes to the log."""
        self.process = subprocess.Popen(
            self.command, stdout=self.log.open("wb"), stderr=subprocess.STDOUT, cwd=ROOT,
            env={**os.environ, **self.environment},
        )  # fmt: skip
        return self

    def stop(self) -> None:
        """End it."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)

    def text(self) -> str:
        """Return what it has printed."""
        return self.log.read_text(errors="replace")


def answers(url: str) -> bool:
    """Whether a server answers 200 there."""
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
