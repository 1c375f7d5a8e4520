"""What an executor offers: look, preview, do once, look up. The only way to a target."""

from dataclasses import dataclass, field
from typing import Protocol

from telemetry.redaction import redact_object

Request = dict[str, str | int | dict[str, str]]


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A setting that was changed: newest last in ``TargetState.config_history``.

    ``change`` names what changed it: settings with the same were set at once. Empty: not known.
    """

    key: str
    before: str
    after: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class TargetState:
    """A workload as it is now. ``uid`` and ``version`` are the preconditions of every change.

    Attributes:
        updated: How many pods run what is asked for by now; a rollout goes on until all do.
        is_stuck: The platform has given a rollout up: its new pods do not become ready.
        at_once: How many pods the platform replaces at the same time; None: not known.
    """

    name: str
    uid: str
    version: str
    replicas: int
    ready: float
    revision: int
    image: str
    total_pods: int
    updated: int
    is_stuck: bool = False
    at_once: int | None = None
    config: dict[str, str] = field(default_factory=dict)
    config_history: tuple[ConfigChange, ...] = ()
    revisions: tuple[int, ...] = ()
    tags: dict[int, str] = field(default_factory=dict)


def snapshot_of(state: TargetState) -> dict[str, object]:
    """Return a target's state as it is kept: JSON-able, settings without secrets."""
    return {
        "uid": state.uid, "version": state.version, "replicas": state.replicas,
        "ready": state.ready, "revision": state.revision, "image": state.image,
        "config": redact_object(state.config, limit=200),
    }  # fmt: skip


def settings_in(request: Request) -> dict[str, str]:
    """Return the settings that a request sets, by name; none where it sets none."""
    found = request.get("settings")
    return {k: str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def diff_of(before: dict[str, str], after: dict[str, str]) -> str:
    """Return what differs between two states, a line for what goes and one for what comes."""
    return "".join(
        f"{sign}{key}: {side[key]}\n"
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
        for sign, side in (("-", before), ("+", after))
        if key in side
    )


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a request would change, by the target's own account."""

    before: dict[str, str]
    after: dict[str, str]

    @property
    def diff(self) -> str:
        """What the request changes."""
        return diff_of(self.before, self.after)

    @property
    def way_back(self) -> str:
        """What an undo changes, from the state that the request leaves."""
        return diff_of(self.after, self.before)


class Executor(Protocol):
    """A system that can change targets. Every request carries absolute values."""

    name: str

    def check(self) -> str:
        """Return in a sentence what this identity may change; changes nothing.

        Raises:
            ExecutorError: The system does not answer, or lets it change nothing.
        """
        ...

    def observe(self, target: str) -> TargetState:
        """Return the target's live state.

        Raises:
            TargetRefused: There is no such target.
            ExecutorError: The system does not answer.
        """
        ...

    def dry_run(self, request: Request) -> DryRun:
        """Return what the request would change; changes nothing.

        Raises:
            TargetRefused: The request makes no sense for its target.
        """
        ...

    def execute(self, request: Request, *, uid: str, version: str, key: str) -> dict[str, str]:
        """Do the request if the target still is (uid, version); once per key.

        Raises:
            TargetConflict, TargetRefused: Nothing was changed.
            ExecutorError: It is not known whether it was done: look it up by the key.
        """
        ...

    def find_by_key(self, key: str, *, target: str) -> dict[str, str] | None:
        """Return what the request with this key did to the target, or None if it was never done.

        Raises:
            ExecutorError: It cannot be told.
        """
        ...
