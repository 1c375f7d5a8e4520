"""Bearer tokens as text: made from chance, kept as SHA-256."""

import hashlib
import secrets


def new_token() -> str:
    """Return a fresh token."""
    return f"sre_{secrets.token_urlsafe(32)}"


def digest_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
