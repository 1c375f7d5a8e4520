"""Child processes: started in groups of their own, ended with us, found again when left over."""

import ctypes
import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from sre_workspace.embedded.paths import is_linux

PR_SET_PDEATHSIG = 1


def _die_with_parent(signal_number: int) -> Callable[[], None] | None:
    """Return a hook that asks the kernel to signal the child when we die, where it can."""
    if not is_linux():
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def hook() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal_number)

    return hook


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
    group: int | None = None,
    cwd: Path | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, its output appended to a log file."""
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            user=user,
            group=group,
            extra_groups=[] if user is not None else None,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_die_with_parent(death_signal),  # one prctl call
        )


@dataclass(frozen=True, slots=True)
class PidRecord:
    """A process as it was when we started it: the start time tells it from a later namesake."""

    name: str
    pid: int
    created: float
    note: str = ""

    def process(self) -> psutil.Process | None:
        """Return the process if it still is the same one and alive."""
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.created) < 1.0
            is_alive = process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if is_same and is_alive else None


def write_pid(folder: Path, name: str, pid: int, note: str = "") -> None:
    """Remember a process under a name."""
    try:
        created = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return
    record = {"name": name, "pid": pid, "created": created, "note": note}
    target = folder / f"{name}.json"
    draft = target.with_suffix(".new")
    draft.write_text(json.dumps(record), encoding="utf-8")
    draft.replace(target)


def read_pid(folder: Path, name: str) -> PidRecord | None:
    """Return what was remembered under a name, if it can be read."""
    try:
        return PidRecord(**json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def forget_pid(folder: Path, name: str) -> None:
    """Forget a process. Idempotent."""
    (folder / f"{name}.json").unlink(missing_ok=True)


def end_leftovers(folder: Path, *, timeout_seconds: float = 5.0) -> list[str]:
    """End every remembered process that still runs, and return their names.

    SIGINT first for PostgreSQL (fast shutdown), SIGTERM for the rest, SIGKILL after the timeout.
    """
    found: list[tuple[str, psutil.Process]] = []
    for file in sorted(folder.glob("*.json")):
        record = read_pid(folder, file.stem)
        process = record.process() if record else None
        if process is not None and process.pid != os.getpid():
            found.append((file.stem, process))
            process.send_signal(signal.SIGINT if file.stem == "postgres" else signal.SIGTERM)
        file.unlink(missing_ok=True)
    _, stuck = psutil.wait_procs([p for _, p in found], timeout=timeout_seconds)
    for process in stuck:
        process.kill()
    return [name for name, _ in found]


def stop_child(
    child: subprocess.Popen[bytes], signal_number: int, *, timeout_seconds: float
) -> bool:
    """Signal a child, wait, and kill its group if it stays. Returns whether it went by itself."""
    if child.poll() is not None:
        return True
    child.send_signal(signal_number)
    try:
        child.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return False
    return True
