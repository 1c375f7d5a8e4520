"""From a pod's name to what it belongs to."""

import re

from telemetry.types import ResourceRef, service

# Deployment: name, template hash, five letters; stateful set: name and ordinal; daemon set: name
# and five letters. Kubernetes takes these letters from an alphabet without vowels, 0, 1 and 3.
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_DEPLOYMENT = re.compile(
    rf"^(.+)-[0-9a-f]{{6,10}}-[{_LETTERS}]{{5}}$|^(.+)-[{_LETTERS}]{{8,10}}-[{_LETTERS}]{{5}}$"
)
_DAEMON = re.compile(rf"^(.+)-(?=[{_LETTERS}]*\d)[{_LETTERS}]{{5}}$")
_ORDINAL = re.compile(r"^(.+)-\d+$")
_VERSION = re.compile(r"-v\d+$")


def owner_name(pod: str) -> str:
    """Return the workload of a pod by its name, or the name itself."""
    for pattern in (_DEPLOYMENT, _DAEMON, _ORDINAL):
        match = pattern.match(pod)
        if match:
            return next(group for group in match.groups() if group)
    return pod


def template_hash(pod: str) -> str:
    """Return the part of a Deployment's pod name that its version alone has, or ``""``."""
    return pod.split("-")[-2] if _DEPLOYMENT.match(pod) else ""


def owner(pod: str) -> ResourceRef:
    """Return the service of a pod: its workload without a version ("cart-v2" serves "cart")."""
    return service(_VERSION.sub("", owner_name(pod)))
