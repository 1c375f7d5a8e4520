"""Local servers that speak the documented wire formats of the Messages API and chat completions."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reaction = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class WireServer:
    """A server on a real socket. Each request takes the next reaction; the last one repeats."""

    reactions: list[Reaction]
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def requests(self) -> list[dict]:
        return [json.loads(body) for body in self.bodies]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        size = int(handler.headers.get("Content-Length", 0))
        self.bodies.append(handler.rfile.read(size))
        handler.body = self.bodies[-1]
        self.headers.append({k.lower(): v for k, v in handler.headers.items()})
        self.paths.append(handler.path)
        place = min(len(self.bodies), len(self.reactions)) - 1
        self.reactions[place](handler)


@contextmanager
def serving(*reactions: Reaction) -> Iterator[WireServer]:
    """Serve until the block ends."""
    wire = WireServer(list(reactions))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            try:
                wire.answer(self)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    wire.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def dead_url() -> str:
    """Return an address of this machine at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def stream(events: list[bytes], *, cut_after: int | None = None, pause: float = 0.0) -> Reaction:
    """Answer 200 with server-sent events in chunks; ``cut_after`` drops the line after so many."""

    def react(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for event in events[:cut_after]:
            handler.wfile.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
            handler.wfile.flush()
            time.sleep(pause)
        if cut_after is None:
            handler.wfile.write(b"0\r\n\r\n")
        else:
            handler.close_connection = True

    return react


def cut_bytes(events: list[bytes], size: int) -> Reaction:
    """Answer 200 and end the body cleanly after so many bytes: no length, connection closed."""

    def react(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(b"".join(events)[:size])
        handler.close_connection = True

    return react


def status(code: int, *, body: dict | None = None, **headers: str) -> Reaction:
    """Answer with an error as the providers do."""

    def react(handler: BaseHTTPRequestHandler) -> None:
        data = json.dumps(
            body or {"type": "error", "error": {"type": "an_error", "message": f"no: {code}"}}
        ).encode()
        handler.send_response(code)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return react


def by_role(events: Callable[..., list[bytes]], *, propose: object, summary: object) -> Reaction:
    """Answer each role with its own reply; a callable gets the user's text of the request."""

    def react(handler: BaseHTTPRequestHandler) -> None:
        sent = json.loads(handler.body)
        reply = propose if b"propose_hypotheses" in handler.body else summary
        if callable(reply):
            reply = reply(sent["messages"][-1]["content"])
        stream(events(reply))(handler)

    return react


def hang(seconds: float) -> Reaction:
    """Take the request and say nothing."""

    def react(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return react


def drip(seconds: float, ping: bytes) -> Reaction:
    """Keep the line busy with pings and never answer."""
    return stream([ping] * int(seconds / 0.05), pause=0.05)


def _sse(data: object, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def pieces_of(text: str, count: int = 4) -> list[str]:
    size = max(1, -(-len(text) // count))
    return [text[i : i + size] for i in range(0, len(text), size)]


ANTHROPIC_PING = _sse({"type": "ping"}, "ping")


def anthropic_events(reply: object, *, is_tool: bool = True, stop: str = "") -> list[bytes]:
    """Return a streamed message: a tool's input as JSON pieces, or text."""
    text = reply if isinstance(reply, str) else json.dumps(reply)
    block = (
        {"type": "tool_use", "id": "toolu_1", "name": "a_tool", "input": {}}
        if is_tool
        else {"type": "text", "text": ""}
    )
    deltas = [
        {"type": "input_json_delta", "partial_json": piece}
        if is_tool
        else {"type": "text_delta", "text": piece}
        for piece in pieces_of(text)
    ]
    message = {
        "id": "msg_1", "type": "message", "role": "assistant", "content": [],
        "model": "claude-local", "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": 120, "output_tokens": 1},
    }  # fmt: skip
    events = [
        ("message_start", {"message": message}),
        ("content_block_start", {"index": 0, "content_block": block}),
        ("ping", {}),
        *(("content_block_delta", {"index": 0, "delta": delta}) for delta in deltas),
        ("content_block_stop", {"index": 0}),
        (
            "message_delta",
            {
                "delta": {"stop_reason": stop or ("tool_use" if is_tool else "end_turn"),
                          "stop_sequence": None},
                "usage": {"output_tokens": 34},
            },
        ),
        ("message_stop", {}),
    ]  # fmt: skip
    return [_sse({"type": name, **data}, name) for name, data in events]


def openai_events(reply: object, *, stop: str = "stop") -> list[bytes]:
    """Return streamed chunks, the usage chunk and the end mark."""
    text = reply if isinstance(reply, str) else json.dumps(reply)

    def chunk(choices: list[dict], usage: dict | None = None) -> bytes:
        return _sse(
            {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
             "model": "gpt-local", "choices": choices, "usage": usage}
        )  # fmt: skip

    def choice(delta: dict, reason: str | None = None) -> list[dict]:
        return [{"index": 0, "delta": delta, "finish_reason": reason}]

    return [
        chunk(choice({"role": "assistant", "content": ""})),
        *(chunk(choice({"content": piece})) for piece in pieces_of(text)),
        chunk(choice({}, stop)),
        chunk([], {"prompt_tokens": 120, "completion_tokens": 34, "total_tokens": 154}),
        b"data: [DONE]\n\n",
    ]
