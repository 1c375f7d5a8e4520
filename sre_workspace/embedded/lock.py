"""One owner of a state folder at a time: a file lock, which the kernel drops with its owner."""

import fcntl
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.05


@dataclass
class StateLock:
    """The lock of one state folder. Taken by ``up``, and by a command that borrows the database."""

    path: Path
    _file: IO[str] | None = field(default=None, repr=False)

    def take(self, note: str, *, timeout_seconds: float = 0.0) -> bool:
        """Take the lock and leave a note of who has it. False if another has it after the wait.

        Idempotent for the owner: a second call only replaces the note.
        """
        file = self._file or self.path.open("a+", encoding="utf-8")
        deadline = time.monotonic() + timeout_seconds
        while self._file is None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._file = file
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    file.close()
                    return False
                time.sleep(POLL_SECONDS)
        file.seek(0)
        file.truncate()
        file.write(f"{note} (process {os.getpid()})")
        file.flush()
        return True

    def release(self) -> None:
        """Let the lock go. Idempotent."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
            self._file.close()
            self._file = None

    def owner(self) -> str:
        """Return the note of who has the lock, or ``""``."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
