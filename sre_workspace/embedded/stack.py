"""The whole stack as children of one supervisor: started in order, watched, stopped in order."""

import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sre_workspace.embedded.children import (
    end_leftovers,
    forget_pid,
    spawn,
    stop_child,
    write_pid,
)
from sre_workspace.embedded.lock import StateLock
from sre_workspace.embedded.paths import StateError, StatePaths, prepare
from sre_workspace.embedded.postgres import EmbeddedPostgres
from sre_workspace.embedded.secret import ensure_secret_key
from sre_workspace.embedded.valkey import EmbeddedValkey
from sre_workspace.heartbeat import forget_heartbeats

SUPERVISOR = "supervisor"
WORKERS = frozenset({"investigate", "remediate"})
# What may change a system: for the remediate worker alone.
MUTATING = ("KUBERNETES_REMEDIATE_KUBECONFIG", "KUBERNETES_REMEDIATE_IN_CLUSTER")
MAX_BACKOFF_SECONDS = 20.0
STABLE_SECONDS = 30.0
Say = Callable[[str], None]


@dataclass
class Part:
    """One Python process of ours: its command, and when it was last started."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    retry_at: float = 0.0


@dataclass
class Stack:
    """Everything that ``manage.py up`` runs."""

    paths: StatePaths
    host: str
    port: int
    with_postgres: bool
    with_valkey: bool
    with_lab: bool
    lab_options: list[str] = field(default_factory=list)
    say: Say = print
    parts: list[Part] = field(default_factory=list)
    postgres: EmbeddedPostgres | None = None
    valkey: EmbeddedValkey | None = None
    is_stopping: bool = False
    lock: StateLock | None = None

    @property
    def address(self) -> str:
        """Where this machine reaches the pages: a wildcard address is reached by loopback."""
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # only compared
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the pages."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def claim(self) -> None:
        """Make the state folder ours, ending what a killed run left over.

        Raises:
            StateError: Another ``up`` uses the folder, or the port is taken.
        """
        prepare(self.paths)
        self.lock = StateLock(self.paths.lock)
        if not self.lock.take(self.address):
            raise StateError(
                f"This state folder is in use: {self.lock.owner()}. "
                "Stop that first, or set SRE_STATE_DIR to another folder."
            )
        ended = end_leftovers(self.paths.pids)
        if ended:
            self.say(f"Ended what an earlier run left: {', '.join(ended)}.")
        self._check_port()
        write_pid(self.paths.pids, SUPERVISOR, os.getpid(), self.address if self.is_local else "")
        ensure_secret_key(self.paths)

    def _check_port(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise StateError(
                    f"Port {self.port} on {self.host} is taken ({error.strerror}). "
                    "Choose another with --port."
                ) from error

    def start_services(self) -> None:
        """Start PostgreSQL and Valkey, unless others are configured."""
        if self.with_postgres:
            self.postgres = EmbeddedPostgres(
                self.paths.postgres, self.paths.postgres_sockets, self.paths.logs / "postgres.log"
            )
            self.postgres.start()
            self._remember("postgres", self.postgres.process)
        if self.with_valkey:
            self.valkey = EmbeddedValkey(
                self.paths.valkey_socket, self.paths.valkey_data, self.paths.logs / "valkey.log"
            )
            self.valkey.start()
            forget_heartbeats(self.valkey.url())
            self._remember("valkey", self.valkey.process)

    def _remember(self, name: str, process: subprocess.Popen[bytes] | None) -> None:
        if process is not None:
            write_pid(self.paths.pids, name, process.pid)

    def start_parts(self) -> None:
        """Start the web server, the workers, beat and the lab."""
        self.parts = self._parts()
        for part in self.parts:
            self._start(part)

    def _parts(self) -> list[Part]:
        python = sys.executable
        celery = [python, "-m", "celery", "-A"]
        worker = [*celery, "sre_workspace", "worker", "--loglevel", "WARNING", "--without-gossip",
                  "--without-mingle", "--pool", "threads"]  # fmt: skip
        parts = [
            Part("web", [python, "-m", "daphne", "-b", self.host, "-p", str(self.port),
                         "--verbosity", "0", "sre_workspace.asgi:application"]),
            Part("investigate", [*worker, "--concurrency", "5", "-Q", "investigate", "-n",
                                 "investigate@%h"]),
            Part("remediate", [*worker, "--concurrency", "2", "-Q", "remediate", "-n",
                               "remediate@%h"]),
            Part("beat", [*celery, "sre_workspace.metronome", "beat", "--loglevel", "WARNING", "-s",
                          str(self.paths.root / "beat-schedule"), "--pidfile", ""]),
        ]  # fmt: skip
        if self.with_lab:
            url = f"{self.address}/api/alerts/alertmanager/"
            lab = [python, "-m", "lab", "--socket", str(self.paths.lab_socket), "--webhook-url",
                   url, "--webhook-token-file", str(self.paths.intake_token)]  # fmt: skip
            parts.append(Part("lab", [*lab, *self.lab_options]))
        return parts

    def _start(self, part: Part) -> None:
        environment = dict(os.environ)
        # One thread per process: several libraries would start one per core for small arrays.
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        # A worker's threads stay and may keep their connection; Daphne's are made per request.
        if part.name in WORKERS:
            environment.setdefault("SRE_CONNECTION_SECONDS", "60")
        if part.name != "remediate":
            for name in MUTATING:
                environment.pop(name, None)
        part.process = spawn(
            part.command, log=self.paths.logs / f"{part.name}.log", environment=environment
        )
        part.started = time.monotonic()
        write_pid(self.paths.pids, part.name, part.process.pid)

    def watch(self) -> None:
        """Start again what ended, after a wait that grows. Call it about once a second."""
        now = time.monotonic()
        for part in self.parts:
            if part.process is None or part.process.poll() is None or self.is_stopping:
                if part.process and now - part.started > STABLE_SECONDS:
                    part.failures = 0
                continue
            if part.retry_at == 0.0:
                part.failures += 1
                wait = min(MAX_BACKOFF_SECONDS, 0.25 * 2 ** min(part.failures - 1, 7))
                part.retry_at = now + wait
                self.say(
                    f"{part.name} ended with {part.process.returncode}; again in {wait:g} s "
                    f"(see {self.paths.logs / part.name}.log)."
                )
            elif now >= part.retry_at:
                part.retry_at = 0.0
                self._start(part)
        self._watch_services()

    def _watch_services(self) -> None:
        if self.postgres and self.postgres.process and self.postgres.process.poll() is not None:
            self.say("PostgreSQL ended; starting it again.")
            self.postgres.start()
            self._remember("postgres", self.postgres.process)
        if self.valkey and self.valkey.process and self.valkey.process.poll() is not None:
            self.say("Valkey ended; starting it again.")
            self.valkey.start()
            self._remember("valkey", self.valkey.process)

    def stop(self) -> None:
        """Stop everything in order: what serves and works first, then what holds data."""
        self.is_stopping = True
        alive = [p for p in self.parts if p.process is not None and p.process.poll() is None]
        for part in alive:
            if part.process is not None:
                # Celery ends at once on SIGQUIT; what it was doing is leased and will be redone.
                is_worker = part.name in WORKERS
                part.process.send_signal(signal.SIGQUIT if is_worker else signal.SIGTERM)
        deadline = time.monotonic() + 1.3
        for part in alive:
            if part.process is not None:
                _wait_or_kill(part.process, deadline)
                forget_pid(self.paths.pids, part.name)
        if self.valkey is not None:
            self.valkey.stop(timeout_seconds=0.8)
            forget_pid(self.paths.pids, "valkey")
        if self.postgres is not None:
            self.postgres.stop(timeout_seconds=1.4)
            forget_pid(self.paths.pids, "postgres")
        forget_pid(self.paths.pids, SUPERVISOR)
        if self.lock is not None:
            self.lock.release()


def _wait_or_kill(process: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        process.wait(max(0.05, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        stop_child(process, signal.SIGKILL, timeout_seconds=0.5)
