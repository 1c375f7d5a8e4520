"""Named crash points for fault tests: compiled in, and inert unless a test sets ``CRASH_AT``."""

import os
import signal
from pathlib import Path

from django.conf import settings


def crash_at(point: str) -> None:
    """Kill this process with SIGKILL if the tests ask for it at this point.

    ``CRASH_AT`` is ``point`` or ``point:FILE``: with a file the crash happens once, and the file
    is the mark that it did.
    """
    wanted, _, mark = str(settings.CRASH_AT).partition(":")
    if wanted != point:
        return
    if mark:
        try:
            Path(mark).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)
