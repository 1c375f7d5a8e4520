"""What may be kept of a configuration object: addresses as they are, the rest as fingerprints."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping

from telemetry.cluster import Pairs

PLAIN = re.compile(r"(HOST|HOSTNAME|PORT|ADDR|ADDRS|ADDRESS|SERVER|ENDPOINT)$", re.I)
MAX_LENGTH = 300


def readable(data: Mapping[str, object], kind: str, is_encoded: bool) -> Pairs:
    """Return settings fit to keep: of a Secret only addresses, and fingerprints of the others.

    A fingerprint tells whether two workloads use the same value, and nothing more.
    """
    found = {}
    for key, raw in data.items():
        value = _decoded(str(raw)) if is_encoded else str(raw)
        if kind != "Secret" or PLAIN.search(str(key)):
            found[str(key)] = value if len(value) <= MAX_LENGTH else value[:MAX_LENGTH]
        else:
            found[str(key)] = f"sha256:{hashlib.sha256(value.encode()).hexdigest()[:12]}"
    return tuple(sorted(found.items()))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text
