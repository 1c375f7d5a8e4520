"""The doorbell: after commit, tell open rooms that the board has moved. Content-free, coalesced.

A thread with one event loop per process keeps one channel-layer connection and sends at most one
bell per investigation each ``COALESCE_SECONDS``. A lost bell is healed by the next one, or by the
consumer's own poll.
"""

import asyncio
import atexit
import threading
from functools import partial

import structlog
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

COALESCE_SECONDS = 0.03
# A process that ends waits so long for its last bells.
LAST_BELLS_SECONDS = 2.0
log = structlog.get_logger(__name__)


def group_name(investigation_id: int) -> str:
    """Return the channel group of one investigation's rooms."""
    return f"board.{investigation_id}"


class _Ringer:
    """One background thread that sends the latest sequence of each investigation."""

    def __init__(self) -> None:
        self._pending: dict[int, int] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_idle = threading.Event()
        self._is_idle.set()

    def ring(self, investigation_id: int, sequence: int) -> None:
        with self._lock:
            self._pending[investigation_id] = max(sequence, self._pending.get(investigation_id, 0))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
                self._thread.start()
            self._is_idle.clear()
        self._wake.set()

    def finish(self) -> None:
        """Wait until all has been rung, for a short while: a command may end right after its work."""
        self._is_idle.wait(LAST_BELLS_SECONDS)

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        while True:
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                pending, self._pending = self._pending, {}
            loop.run_until_complete(self._send(pending))
            with self._lock:
                if not self._pending:
                    self._is_idle.set()

    async def _send(self, pending: dict[int, int]) -> None:
        layer = get_channel_layer()
        if layer is None:
            return
        for investigation_id, sequence in pending.items():
            try:
                await layer.group_send(
                    group_name(investigation_id),
                    {
                        "type": "board.bell",
                        "investigation": investigation_id,
                        "sequence": sequence,
                    },
                )
            except (RedisError, OSError) as error:
                log.warning("doorbell.lost", investigation=investigation_id, error=str(error))
        await asyncio.sleep(COALESCE_SECONDS)


_ringer = _Ringer()
atexit.register(_ringer.finish)


def ring_after_commit(investigation_id: int, sequence: int) -> None:
    """Ring the rooms of an investigation once the surrounding transaction has committed."""
    transaction.on_commit(partial(_ringer.ring, investigation_id, sequence))
