"""Removing secrets from text before it is stored, shown or sent, and capping its size."""

import re

MAX_TEXT = 4000
MASK = "[redacted]"
_PATTERNS = (
    re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S
    ),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{6,}"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{30,}\b"),
    re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"\bsk-[A-Za-z0-9_-]{20,}"),
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)(?<=basic )[A-Za-z0-9+/=]{12,}"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(
        r"(?i)(?:\b|_)(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|client[_-]?secret)"
        r"[\"']?\s*[=:]\s*[\"']?(?P<value>[^\s\"',;&]{4,})"
    ),
)


def redact(text: str, *, limit: int = MAX_TEXT) -> str:
    """Return the text with what looks like a secret masked, cut to ``limit`` characters."""
    for pattern in _PATTERNS:
        text = pattern.sub(_mask, text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _mask(match: re.Match[str]) -> str:
    value = match.groupdict().get("value")
    return MASK if value is None else match.group(0)[: -len(value)] + MASK


def redact_object(value: object, *, limit: int = MAX_TEXT) -> object:
    """Return JSON-able data with every string in it redacted."""
    if isinstance(value, str):
        return redact(value, limit=limit)
    if isinstance(value, dict):
        return {str(k): redact_object(v, limit=limit) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_object(v, limit=limit) for v in value]
    return value
