"""The lab behind a unix socket: HTTP and JSON, for the adapters, the executor and practice."""

import json
import socket
import socketserver
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from lab import actions
from lab.interface import QUESTIONS, ask
from lab.notifier import Notifier
from lab.scenarios import SCENARIOS
from lab.world import LabWorld

MAX_BODY_BYTES = 2_000_000
Work = Callable[[], object]


class LabServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """One world, many short connections."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path, world: LabWorld, notifier: Notifier) -> None:
        path.unlink(missing_ok=True)
        self.world = world
        self.notifier = notifier
        super().__init__(str(path), LabHandler)
        path.chmod(0o600)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Give the handler an address to log: a unix socket's peer has none."""
        request, _ = super().get_request()
        return request, ("local", 0)


class LabHandler(BaseHTTPRequestHandler):
    """Routes. Every answer is JSON; errors carry a sentence."""

    protocol_version = "HTTP/1.1"
    server: LabServer

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: the callers log."""

    def _send(self, status: int, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _body(self) -> dict[str, object]:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_BODY_BYTES:
            self.close_connection = True
            raise ValueError(f"the body may have {MAX_BODY_BYTES} bytes")
        body = json.loads(self.rfile.read(length) or b"{}")
        if not isinstance(body, dict):
            raise ValueError("the body must be a JSON object")
        return body

    def do_GET(self) -> None:
        """Health, scenarios, workloads, and what an action with a key did."""
        world = self.server.world
        head, _, rest = self.path.lstrip("/").partition("/")
        if head == "health":
            self._answer(lambda: {"status": "ok", "step": world.step})
        elif head == "scenarios":
            self._answer(lambda: [
                {"slug": s.slug, "title": s.title, "description": s.description}
                for s in SCENARIOS.values()
            ])  # fmt: skip
        elif head == "workloads":
            self._answer(lambda: actions.describe(world, rest))
        elif head == "applied" and rest in world.applied:
            self._answer(lambda: world.applied[rest])
        elif head == "applied":
            self._send(404, {"error": "No action has that key."})
        else:
            self._send(404, {"error": "There is no such page."})

    def do_POST(self) -> None:
        """Questions, actions, scenarios, reset."""
        try:
            body = self._body()
        except ValueError as error:
            self._send(400, {"error": str(error)})
            return
        head, _, rest = self.path.lstrip("/").partition("/")
        world = self.server.world
        if head == "ask" and rest in QUESTIONS:
            self._answer(lambda: ask(world, rest, body))
        elif head == "preview":
            self._answer(lambda: actions.preview(world, body))
        elif head == "apply":
            self._answer(lambda: actions.apply(world, body))
        elif head == "scenarios" and rest in SCENARIOS:
            self._answer(lambda: self._start(rest, body))
        elif head == "reset":
            self._answer(lambda: self._reset(body))
        else:
            self._send(404, {"error": f"There is no {self.path}."})

    def _start(self, slug: str, body: dict[str, object]) -> dict[str, object]:
        seed = int(str(body.get("seed", self.server.world.seed + 1)))
        self.server.world.start(slug, now=datetime.now(UTC), seed=seed)
        self.server.notifier.begin()
        return {"scenario": slug, "seed": seed}

    def _reset(self, body: dict[str, object]) -> dict[str, object]:
        self.server.world.reset(seed=int(str(body.get("seed", 1))), now=datetime.now(UTC))
        self.server.world.scenario = ""
        self.server.notifier.begin()
        return {"scenario": ""}

    def _answer(self, work: Work) -> None:
        """Work with the world held still, and send outside: a slow reader delays nobody."""
        status, body = 200, None  # type: int, object
        try:
            with self.server.world.lock:
                body = work()
        except actions.Conflict as error:
            status, body = 409, {"error": str(error)}
        except actions.Refused as error:
            status, body = 422, {"error": str(error)}
        except (KeyError, ValueError) as error:
            status, body = 400, {"error": f"{type(error).__name__}: {error}"}
        self._send(status, body)
