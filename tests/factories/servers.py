"""A local server that answers as a test says, on a real socket."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answering:
    """What the server sends: a status and a body, in pieces with a pause, or nothing at all.

    ``breaks_after`` bytes the connection is closed although more was announced.
    """

    status: int = 200
    body: bytes = b"{}"
    kind: str = "application/json"
    pause_seconds: float = 0.0
    piece: int = 0
    hangs_seconds: float = 0.0
    breaks_after: int | None = None


@dataclass
class LocalServer:
    """Its address, and what was asked of it."""

    url: str
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def local_server(answer: Callable[[str, str], Answering]) -> Iterator[LocalServer]:
    """Serve on loopback; ``answer`` maps (method, path with query) to what is sent."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.asked.append((self.command, self.path, dict(self.headers), body))
            given = answer(self.command, self.path)
            time.sleep(given.hangs_seconds)
            self.send_response(given.status)
            self.send_header("Content-Type", given.kind)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self._write(given)

        do_GET = do_POST = do_PATCH = _handle

        def _write(self, given: Answering) -> None:
            body = given.body if given.breaks_after is None else given.body[: given.breaks_after]
            step = given.piece or max(1, len(body))
            try:
                for start in range(0, len(body), step):
                    self.wfile.write(body[start : start + step])
                    self.wfile.flush()
                    time.sleep(given.pause_seconds)
            except OSError:
                pass
            self.close_connection = given.breaks_after is not None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = LocalServer(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
