"""``python -m lab --socket PATH``: run the practice system until it is ended."""

import argparse
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from lab.model import STEP_SECONDS
from lab.notifier import Notifier
from lab.server import LabServer
from lab.world import LabWorld


def main() -> int:
    """Serve the lab; time goes on by itself, a step every two seconds."""
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="unix socket to serve on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--services", type=int, default=0, help="services in all, at least 14")
    parser.add_argument("--webhook-url", default="", help="where alerts are sent")
    parser.add_argument("--webhook-token-file", type=Path, default=None)
    options = parser.parse_args()
    world = LabWorld(seed=options.seed, services=options.services)
    world.reset(seed=options.seed, now=datetime.now(UTC))
    notifier = Notifier(world, options.webhook_url, options.webhook_token_file)
    notifier.begin()
    server = LabServer(options.socket, world, notifier)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for target in (server.serve_forever, notifier.run):
        threading.Thread(target=target, daemon=True).start()
    try:
        while True:
            time.sleep(STEP_SECONDS / 2)
            with world.lock:
                world.advance_to(datetime.now(UTC))
    except KeyboardInterrupt:
        return 0
    finally:
        options.socket.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
