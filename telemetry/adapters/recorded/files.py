"""Opening the files of a recording: packed ones never unpack to more than a recording may have."""

import gzip
import io
import json
import lzma
import zlib
from pathlib import Path
from typing import IO, cast

# The largest file of the public sets has 4 MB; a bomb of 1 MB unpacks to gigabytes.
MAX_UNPACKED_BYTES = 256_000_000
LZMA_MEMORY_BYTES = 128_000_000


class TooLarge(ValueError):
    """A file unpacks to more than is read."""

    def __init__(self) -> None:
        super().__init__(f"it holds more than {MAX_UNPACKED_BYTES // 1_000_000} MB")


class _Bounded(io.RawIOBase):
    """A binary file of which at most ``MAX_UNPACKED_BYTES`` can be read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = MAX_UNPACKED_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # a buffer, by the protocol
        got = self._file.read(len(view))
        self._left -= len(got)
        if self._left < 0:
            raise TooLarge
        view[: len(got)] = got
        return len(got)

    def close(self) -> None:
        self._file.close()
        super().close()


def open_text(path: Path) -> io.TextIOWrapper:
    """Open a text file, gzipped or not. Reading past the bound raises :class:`TooLarge`."""
    # Closed with the text that is read from them.
    if path.suffix == ".gz":
        file: IO[bytes] = cast("IO[bytes]", gzip.open(path, "rb"))  # noqa: SIM115
    else:
        file = path.open("rb")
    return io.TextIOWrapper(io.BufferedReader(_Bounded(file)), encoding="utf-8", newline="")


def load_json(path: Path) -> object:
    """Return what a JSON file holds, unpacked when its name ends in ``.xz``.

    Raises:
        OSError, EOFError, ValueError: It cannot be read, is no JSON, too large or too deep.
    """
    if path.suffix == ".xz":
        text = _unpacked(path)
    elif path.stat().st_size > MAX_UNPACKED_BYTES:
        raise TooLarge
    else:
        text = path.read_bytes()
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _unpacked(path: Path) -> bytes:
    packer = lzma.LZMADecompressor(memlimit=LZMA_MEMORY_BYTES)
    try:
        found = packer.decompress(path.read_bytes(), max_length=MAX_UNPACKED_BYTES + 1)
    except (lzma.LZMAError, zlib.error) as error:
        raise ValueError(str(error)) from error
    if len(found) > MAX_UNPACKED_BYTES:
        raise TooLarge
    if not packer.eof:
        raise EOFError("it ends too early")
    return found
