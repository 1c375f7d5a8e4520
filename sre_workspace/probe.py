"""Whether the process of this container still does its work: what its probe runs.

Usage: python -m sre_workspace.probe web|investigate|remediate|beat
"""

import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

PORT = 8000
TIMEOUT_SECONDS = 5.0
# Where the deployed beat keeps its schedule. It writes it every three minutes, from its own loop.
BEAT_SCHEDULE = Path(tempfile.gettempdir()) / "beat-schedule"
BEAT_SILENT_SECONDS = 600.0


def is_web_live(port: int = PORT) -> bool:
    """Return whether the web process answers; it asks nothing of others."""
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/healthz/live", timeout=TIMEOUT_SECONDS
        ) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def is_worker_consuming(part: str) -> bool:
    """Return whether the worker of this host answers through the broker.

    A heartbeat would not do: its thread goes on when the consumer no longer takes messages.
    """
    from kombu.exceptions import OperationalError  # noqa: PLC0415  # the web's probe needs no Celery

    from sre_workspace.metronome import app  # noqa: PLC0415  # without Django's models: faster

    try:
        return bool(
            app.control.ping(
                destination=[f"{part}@{socket.gethostname()}"], timeout=TIMEOUT_SECONDS
            )
        )
    except (OperationalError, OSError):
        return False


def is_beat_ticking(schedule: Path = BEAT_SCHEDULE) -> bool:
    """Return whether beat has written its schedule of late."""
    # The suffix is the choice of the platform's dbm.
    written = [path.stat().st_mtime for path in schedule.parent.glob(f"{schedule.name}*")]
    return bool(written) and time.time() - max(written) < BEAT_SILENT_SECONDS


def main(arguments: list[str]) -> int:
    """Return 0 when the named part works, 1 when it does not, 2 when there is no such part."""
    match arguments:
        case ["web"]:
            is_well = is_web_live()
        case ["investigate" | "remediate" as part]:
            is_well = is_worker_consuming(part)
        case ["beat"]:
            is_well = is_beat_ticking()
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
