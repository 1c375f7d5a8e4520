"""Kubernetes quantities as numbers: cores, bytes, pieces."""

import re

SUFFIXES = {
    "": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "P": 1e15, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50,
}  # fmt: skip
QUANTITY = re.compile(r"^\s*([0-9.]+(?:[eE][+-]?\d+)?)\s*([A-Za-z]{0,2})\s*$")


def amount(text: object) -> float | None:
    """Return ``300m`` as 0.3, ``64Mi`` as bytes, ``2`` as 2.0; None if it is no quantity."""
    match = QUANTITY.match(str(text))
    if match is None or match[2] not in SUFFIXES:
        return None
    try:
        return float(match[1]) * SUFFIXES[match[2]]
    except ValueError:
        return None
