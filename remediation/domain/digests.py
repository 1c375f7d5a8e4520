"""The digest that an approval binds to: all that is seen and all that would run."""

import hashlib
import json

from remediation.models import Action

POLICY_VERSION = 1
BOUND = (
    "kind", "kind_version", "title", "target", "target_uid", "target_version", "executor",
    "payload", "command", "diff", "undo_payload", "undo_text", "blast", "checks", "evidence",
    "risk", "approvals_needed",
)  # fmt: skip


def digest_of_action(action: Action) -> str:
    """Return the SHA-256 of the action's canonical content, as hex."""
    body = {name: getattr(action, name) for name in BOUND}
    body["policy_version"] = POLICY_VERSION
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
