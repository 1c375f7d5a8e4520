"""The installation's own secret key, made once."""

import os
import secrets

from sre_workspace.embedded.paths import StatePaths


def ensure_secret_key(paths: StatePaths) -> None:
    """Make the key, readable by its owner only, unless there is one. Idempotent."""
    try:
        handle = os.open(paths.secret_key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(48))
