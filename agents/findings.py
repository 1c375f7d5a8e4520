"""What a specialist concludes from one or more queries, before it is posted as evidence."""

from dataclasses import dataclass, field
from datetime import datetime

from agents.enums import AgentName, Presence
from telemetry.results import Provenance
from telemetry.types import ResourceRef, TelemetryKind


@dataclass(frozen=True, slots=True)
class Cause:
    """A candidate cause: what is broken, and how. ``change_id`` if a change is blamed."""

    resource: ResourceRef
    fault_class: str
    change_id: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A typed observation with its citation.

    Attributes:
        feature: Stable slug of what was looked for (``latency_rise``, ``oom_kill``...): the
            vocabulary that fault models predict in.
        presence: PRESENT, ABSENT (looked for, answered, not there) or UNKNOWN (a data gap).
        claim: One sentence with its number, fit to show.
        magnitude: Size in ``unit`` (ratio to baseline, bytes, seconds...), None when ABSENT.
        strength: 0..1, how clearly it stands out of the noise; scales the weight.
        onset_at: When it began, where timing can be told.
        sample: Small JSON-able part of the result: ``{"times": [], "values": [], "unit": ""}`` for
            a series (at most 120 points), ``{"lines": []}``, ``{"diff": ""}`` or ``{"rows": []}``.
        change_id: The change this finding is about, if it is one.
        is_tainted: The claim or sample quotes text an outsider may have written.
        has_ended: It was there and is back to normal at the end of the window.
        ended_at: When it was seen last, if it has not been seen for a while.
        extra_provenance: Further queries it rests on.
    """

    agent: AgentName
    feature: str
    resource: ResourceRef
    presence: Presence
    kind: TelemetryKind
    claim: str
    provenance: Provenance
    peer: ResourceRef | None = None
    magnitude: float | None = None
    unit: str = ""
    strength: float = 1.0
    onset_at: datetime | None = None
    sample: dict[str, object] = field(default_factory=dict)
    change_id: str = ""
    is_tainted: bool = False
    has_ended: bool = False
    ended_at: datetime | None = None
    extra_provenance: tuple[Provenance, ...] = ()

    @property
    def key(self) -> str:
        """Identity of the question: the same feature of the same resource, peer and source."""
        peer = f">{self.peer}" if self.peer else ""
        change = f"#{self.change_id}" if self.change_id else ""
        return f"{self.feature}@{self.resource}{peer}{change}/{self.provenance.source}"
