"""Addresses in settings: what a value or a pair of settings points to."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

ADDRESS = re.compile(
    r"^(?:[a-z][a-z0-9+.:-]*://)?(?:[^@/\s]*@)?([a-zA-Z][\w-]*(?:\.[\w-]+)*)(?::(\d{1,5}))?(?:/\S*)?$"
)
HOST_KEY = re.compile(r"^(.*?)_?(HOST|HOSTNAME|SERVER)$", re.I)
ADDRESS_KEY = re.compile(
    r"(ADDR|ADDRS|ADDRESS|ENDPOINT|URL|URI|HOST|HOSTNAME|SERVER|SERVICE)$", re.I
)


class Pointer(NamedTuple):
    """Where a setting points. ``port`` None: not said."""

    setting: str
    host: str
    port: int | None

    @property
    def name(self) -> str:
        """The first label of the host."""
        return self.host.partition(".")[0]


def pointers(settings: Sequence[tuple[str, str]]) -> Iterator[Pointer]:
    """Return what settings point to: ``X_ADDR=host:port``, URLs, and ``X_HOST`` with ``X_PORT``."""
    known = dict(settings)
    for key, value in settings:
        if not ADDRESS_KEY.search(key):
            continue
        for part in value.split(","):
            match = ADDRESS.match(part.strip())
            if match is None:
                continue
            port = int(match[2]) if match[2] else None
            host_key = HOST_KEY.match(key)
            if port is None and host_key:
                beside = known.get(f"{host_key[1]}_PORT", known.get(f"{host_key[1]}PORT", ""))
                port = int(beside) if beside.isdigit() else None
            if port is not None or "://" in part:
                yield Pointer(key, match[1], port)
