"""What a worker loads before its first task, so that the first page of the day is not the slowest."""

import threading

from celery.signals import worker_ready
from django.conf import settings


def connect_warming() -> None:
    """Let a worker that is ready load what its tasks will need. Once, before it starts."""
    worker_ready.connect(_begin, weak=False)


def _begin(**_: object) -> None:
    if settings.KUBERNETES["is_connected"]:
        threading.Thread(target=_load, name="warming", daemon=True).start()


def _load() -> None:
    # 80 MB and over a second of imports, paid only where a cluster is connected.
    from telemetry.adapters.kubernetes.api import load_library  # noqa: PLC0415

    load_library()
