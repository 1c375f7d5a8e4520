"""A whole stack in a state folder of its own, started and ended as a person would."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
# A run of its own must not share the database, the broker or the settings of its caller.
OWN = ("DATABASE_URL", "REDIS_URL", "SRE_TEST_DATABASE", "DJANGO_SETTINGS_MODULE", "SRE_CRASH_AT")
READY = re.compile(r"^READY (\S+)")
LINK = re.compile(r"^\s+([\w-]+)\s+(http\S+/sign-in/\S+/)$")
LAST_LINE = "Stop with Ctrl-C"


class StackFailed(Exception):
    """``up`` ended before it was ready. ``str()`` holds what it printed."""


def free_port() -> int:
    """Return a TCP port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stack_environment(state: Path) -> dict[str, str]:
    """Return the environment of a stack that keeps to its own state folder."""
    kept = {k: v for k, v in os.environ.items() if k not in OWN}
    return kept | {"SRE_STATE_DIR": str(state), "PYTHONUNBUFFERED": "1"}


@dataclass
class RunningStack:
    """An ``up`` that is ready. Times in seconds."""

    state: Path
    process: subprocess.Popen[str]
    ready_seconds: float = 0.0
    address: str = ""
    links: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    def manage(self, *arguments: str, timeout_seconds: float = 60.0) -> str:
        """Run a management command beside the stack and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=stack_environment(self.state) | self.settings,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=True,
        )
        return done.stdout

    def family(self) -> list[psutil.Process]:
        """Return the supervisor and every process under it."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def resident_bytes(self) -> int:
        """Return the memory of the whole stack, pages that are shared counted once."""
        return sum(_proportional_bytes(process) for process in self.family())

    def stop(self, number: int = signal.SIGTERM, *, timeout_seconds: float = 15.0) -> float:
        """Signal the supervisor and return the seconds until it is gone.

        Not SIGINT by default: a shell lets what it starts in the background ignore that.
        """
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(timeout_seconds)
        return time.monotonic() - began


def _proportional_bytes(process: psutil.Process) -> int:
    try:
        info = process.memory_full_info()
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return 0
    return int(getattr(info, "pss", 0) or info.uss)


def _read(stack: RunningStack, began: float, announced: threading.Event) -> None:
    for line in stack.process.stdout or ():
        stack.lines.append(line.rstrip("\n"))
        if found := READY.match(line):
            stack.address = found.group(1)
            stack.ready_seconds = time.monotonic() - began
        elif found := LINK.match(line):
            stack.links[found.group(1)] = found.group(2)
        elif line.startswith(LAST_LINE):
            announced.set()
    announced.set()


def start_stack(
    state: Path, *, options: Sequence[str] = (), timeout_seconds: float = 90.0,
    settings: Mapping[str, str] | None = None,
) -> RunningStack:  # fmt: skip
    """Start ``manage.py up`` and wait for its READY line and its links.

    ``settings`` are further variables of its environment.

    Raises:
        StackFailed: It ended, or took longer than the timeout.
    """
    began = time.monotonic()
    port = [] if "--port" in options else ["--port", str(free_port())]
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", *port, *options],
        cwd=ROOT,
        env=stack_environment(state) | dict(settings or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    stack = RunningStack(state=state, process=process, settings=dict(settings or {}))
    announced = threading.Event()
    threading.Thread(target=_read, args=(stack, began, announced), daemon=True).start()
    if not announced.wait(timeout_seconds) or not stack.address:
        stack.stop(signal.SIGTERM)
        raise StackFailed("\n".join(stack.lines))
    return stack


@contextmanager
def running_stack(state: Path, *, options: Sequence[str] = ()) -> Iterator[RunningStack]:
    """Run a stack for the length of the block, whatever happens in it."""
    stack = start_stack(state, options=options)
    try:
        yield stack
    finally:
        stack.stop(signal.SIGTERM)
