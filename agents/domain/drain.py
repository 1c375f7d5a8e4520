"""Running an investigation in this process, for commands: the same items, the same steps."""

import threading
import time
from collections.abc import Callable

from django.db import connection

from agents.domain.dispatch import advance, work
from agents.domain.rounds import open_investigation
from agents.models import WorkItem
from investigations.enums import InvestigationState
from investigations.models import Investigation

THREADS = 4


def drain(
    investigation_id: int,
    *,
    on_tick: Callable[[], None] | None = None,
    timeout_seconds: float = 600.0,
) -> bool:
    """Claim and run the investigation's items until it is over. Returns whether it ended in time.

    What runs beside a round (a language model's steps) is waited for too.

    ``on_tick`` is called a few times a second from the calling thread (progress).
    """
    open_investigation(investigation_id)
    stop = threading.Event()

    def loop() -> None:
        try:
            while not stop.is_set():
                if not work(investigation_id=investigation_id):
                    stop.wait(0.05)
        finally:
            connection.close()

    threads = [threading.Thread(target=loop, daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout_seconds
    is_over = False
    while time.monotonic() < deadline and not is_over:
        time.sleep(0.1)
        row = Investigation.objects.get(pk=investigation_id)
        has_work = WorkItem.objects.filter(
            investigation_id=investigation_id, state__in=["pending", "leased"]
        ).exists()
        is_over = row.is_over and (not has_work or row.state == InvestigationState.STOPPED)
        if not has_work:
            advance(investigation_id)
        if on_tick is not None:
            on_tick()
    stop.set()
    for thread in threads:
        thread.join(timeout=15)
    return is_over
