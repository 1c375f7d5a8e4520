"""Removing secrets from text before it is stored, shown or sent, and capping its size."""

import re
from collections.abc import Mapping

MAX_TEXT = 4000
MASK = "[redacted]"
# A secret that begins before the cap is seen whole within this many characters after it.
LOOK_AHEAD = 8192
MAX_DEPTH = 12
_NAMES = (
    r"passwords?|passwd|passphrase|pwd|secrets?|token|credentials?|api[_-]?key|access[_-]?key|"
    r"private[_-]?key|auth[_-]?key|session[_-]?(?:id|key)|signing[_-]?key|encryption[_-]?key"
)
_SECRET_KEY = re.compile(rf"(?i)(?:{_NAMES}|^cookie$|^set-cookie$|^authorization$)$")
_PATTERNS = (
    re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S
    ),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{6,}"),
    re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}\b"),
    re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{16,})"),
    re.compile(r"\bAIza[\w-]{35}"),
    re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"\b(?:sk|rk|pk)[-_][A-Za-z0-9_-]{20,}"),
    re.compile(r"(?i)\b(?:bearer|basic|digest)\s+(?P<value>[A-Za-z0-9._~+/=-]{8,})"),
    # Up to the last @ before a slash or a space: a password may itself hold an @.
    re.compile(r"(?<=://)[^/\s:@]*:[^/\s]+(?=@)"),
    re.compile(
        rf"(?i)(?:\b|_|-)(?:{_NAMES})\\?[\"']?\s*(?:=>?|:)\s*"
        r"(?:\\?\"(?P<quoted>[^\"\\]{3,})|'(?P<single>[^']{3,})|(?P<value>[^\s\"',;&\\]{4,}))"
    ),
    re.compile(r"(?i)(?<!\w)--?(?:password|passwd|token|secret)\s+(?P<value>[^\s-]\S{3,})"),
)


def redact(text: str, *, limit: int = MAX_TEXT) -> str:
    """Return the text with what looks like a secret masked, cut to ``limit`` characters."""
    text = text[: limit + LOOK_AHEAD]
    for pattern in _PATTERNS:
        text = pattern.sub(_mask, text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _mask(match: re.Match[str]) -> str:
    if match.lastgroup is None:
        return MASK
    value = match[match.lastgroup]
    return match.group(0) if MASK in value else match.group(0)[: -len(value)] + MASK


def redact_object(value: object, *, limit: int = MAX_TEXT) -> object:
    """Return JSON-able data redacted: every string, and whatever stands under a secret's name."""
    return _redacted(value, limit, MAX_DEPTH)


def _redacted(value: object, limit: int, depth: int) -> object:
    if isinstance(value, str):
        return redact(value, limit=limit)
    if isinstance(value, (Mapping, list, tuple)) and depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {
            redact(str(k), limit=limit): MASK
            if isinstance(v, str) and v and _SECRET_KEY.search(str(k))
            else _redacted(v, limit, depth - 1)
            for k, v in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_redacted(v, limit, depth - 1) for v in value]
    return value
