"""The only reader of the process environment."""

import os
from pathlib import Path


def env_text(name: str, default: str = "") -> str:
    """Return a variable, or the default when it is unset or empty."""
    return os.environ.get(name) or default


def env_bool(name: str, *, default: bool = False) -> bool:
    """Return a variable read as yes or no.

    Raises:
        ValueError: It is none of 1, true, yes, on, 0, false, no, off.
    """
    value = env_text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ValueError(f"{name} must be yes or no, not {value!r}")


def env_int(name: str, default: int) -> int:
    """Return a variable read as a whole number."""
    value = env_text(name)
    return int(value) if value else default


def env_seconds(name: str, default: float) -> float:
    """Return a variable read as seconds."""
    value = env_text(name)
    return float(value) if value else default


def env_float(name: str, default: float) -> float:
    """Return a variable read as a number; its name or its description says the unit."""
    value = env_text(name)
    return float(value) if value else default


def env_optional_float(name: str) -> float | None:
    """Return a variable read as a number, or None when it is unset or empty."""
    value = env_text(name)
    return float(value) if value else None


def env_shares(name: str, default: str) -> tuple[float, ...]:
    """Return percentages with slashes between them, such as ``60/40``, as shares of one.

    Raises:
        ValueError: They are no numbers from 0 on that make 100.
    """
    parts = [float(part) for part in env_text(name, default).split("/")]
    if min(parts) < 0 or sum(parts) != 100:
        raise ValueError(f"{name} must be percentages that make 100, such as {default}")
    return tuple(part / 100 for part in parts)


def env_list(name: str) -> list[str]:
    """Return a comma-separated variable as a list without empty parts."""
    return [part.strip() for part in env_text(name).split(",") if part.strip()]


def env_secret(name: str) -> str:
    """Return a secret from ``NAME``, or from the file that ``NAME_FILE`` names, or ``""``."""
    if value := env_text(name):
        return value
    if path := env_text(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    return ""
