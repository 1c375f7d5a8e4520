"""What the attached lab serves: metrics to Prometheus, pod logs through the kubelet's port."""

import ssl
import tempfile
import threading
import urllib.parse
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from lab.attached.exporter import Exporter
from lab.attached.kubelet import Kubelet
from lab.views import logs
from telemetry.types import TimeWindow, service

LOG_LIMIT = 20_000


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def send(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
        """Answer with text."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve_metrics(exporter: Exporter, port: int) -> ThreadingHTTPServer:
    """Serve ``/metrics`` on loopback."""

    class Handler(_Quiet):
        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send(404, "There is only /metrics.\n")
                return
            with exporter.world.lock:
                exporter.catch_up()
                text = exporter.text()
            self.send(200, text, "text/plain; version=0.0.4; charset=utf-8")

    return _serve(Handler, port)


def serve_logs(kubelet: Kubelet, port: int) -> ThreadingHTTPServer:
    """Serve ``/containerLogs/NAMESPACE/POD/CONTAINER`` over TLS on loopback."""

    class Handler(_Quiet):
        def do_GET(self) -> None:
            address = urllib.parse.urlsplit(self.path)
            parts = address.path.strip("/").split("/")
            pod = kubelet.pods.get(parts[2]) if len(parts) == 4 else None
            if parts[0] != "containerLogs" or pod is None:
                self.send(404, "There is no such container.\n")
                return
            query = dict(urllib.parse.parse_qsl(address.query))
            self.send(200, _log(kubelet, parts[2], parts[3], query))

    server = _serve(Handler, port, start=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load_certificate(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _serve(
    handler: type[BaseHTTPRequestHandler], port: int, *, start: bool = True
) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    if start:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _log(kubelet: Kubelet, name: str, app: str, query: dict[str, str]) -> str:
    world, now = kubelet.world, datetime.now(UTC)
    since = now - timedelta(minutes=30)
    if text := query.get("sinceTime"):
        since = max(since, datetime.fromisoformat(text.replace("Z", "+00:00")))
    if text := query.get("sinceSeconds"):
        since = now - timedelta(seconds=int(text))
    with world.lock:
        pod = kubelet.pods[name]
        restarted = world.at(pod.started_step) if pod.restarts else since
        found, _ = logs.lines(world, [service(app)], TimeWindow(since, now), limit=LOG_LIMIT)
    is_previous = query.get("previous") == "true"
    lines = [x for x in found if x.pod == name and (x.at < restarted) == is_previous]
    has_stamps = query.get("timestamps") == "true"
    rows = [
        (f"{x.at:%Y-%m-%dT%H:%M:%S.%fZ} " if has_stamps else "") + f"{x.severity.upper()} {x.body}"
        for x in lines
    ]
    if text := query.get("tailLines"):
        rows = rows[-int(text) :]
    return "".join(f"{row}\n" for row in rows)


def _load_certificate(context: ssl.SSLContext) -> None:
    """Load a certificate made for this process: API servers do not check a kubelet's by default."""
    from cryptography import x509  # noqa: PLC0415  # comes with Daphne; the attached face only
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lab-kubelet")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubelet.pem"
        path.touch(mode=0o600)
        path.write_bytes(secret + certificate.public_bytes(pem))
        context.load_cert_chain(path)
