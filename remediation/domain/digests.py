"""The digest that an approval binds to: all that is seen and all that would run."""

import hashlib

from remediation.models import Action
from telemetry.results import canonical

POLICY_VERSION = 1
BOUND = (
    "kind", "kind_version", "title", "target", "target_uid", "target_version", "executor",
    "payload", "command", "diff", "undo_payload", "undo_text", "blast", "checks", "evidence",
    "risk", "approvals_needed",
)  # fmt: skip
# Bound too, where they say something: plans that were made before there were such keep their digest.
BOUND_IF_TOLD = ("undo_command", "undo_diff")


def bytes_of_action(action: Action) -> bytes:
    """Return the action's canonical content: what is seen, what would run, and the policy's version."""
    body = {name: getattr(action, name) for name in BOUND}
    body |= {name: told for name in BOUND_IF_TOLD if (told := getattr(action, name))}
    body["policy_version"] = POLICY_VERSION
    return canonical(body)


def digest_of_action(action: Action) -> str:
    """Return the SHA-256 of the action's canonical content, as hex."""
    return hashlib.sha256(bytes_of_action(action)).hexdigest()
