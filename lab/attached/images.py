"""What an image does, told by its tag: how a rollout with kubectl becomes a fault."""

import re

from lab.workloads import Release

# The last word of a tag such as 3.1.0-errors, and what a release with it does.
EFFECTS: dict[str, dict[str, object]] = {
    "slow": {"service_factor": 7.0},
    "errors": {
        "own_error": 0.35,
        "error_text": "AttributeError: 'NoneType' object has no attribute 'rate'",
    },
    "leak": {"leak_bytes_per_second": 1_400_000.0},
    "crash": {"crash_text": "TypeError: Client() got an unexpected keyword argument 'pool'"},
    "locks": {"lock_seconds": 1.2},
    "chatty": {"log_bytes_factor": 8.0},
}
_TAG = re.compile(r":([\w.-]+)$")


def release_of(image: str, revision: int) -> Release:
    """Return what an image does; one without a telling tag behaves normally."""
    found = _TAG.search(image)
    tag = found[1] if found else "latest"
    effects = EFFECTS.get(tag.rpartition("-")[2], {})
    return Release(revision, tag, f"Release {tag}", "kubectl", "", **effects)  # type: ignore[arg-type]
