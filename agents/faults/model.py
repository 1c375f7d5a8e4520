"""What a fault model states: what the fault does to telemetry, and what treats it."""

from dataclasses import dataclass
from enum import StrEnum

from agents.enums import AgentName
from telemetry.types import ResourceKind


class Where(StrEnum):
    """Where a prediction is looked for, seen from the resource that is blamed."""

    SELF = "self"
    EDGE_IN = "edge_in"
    EDGE_OUT = "edge_out"
    CALLEES = "callees"
    CALLERS = "callers"
    SYMPTOM = "symptom"
    ANYWHERE = "anywhere"


class Blame(StrEnum):
    """Which end of a triggering finding is the candidate cause."""

    RESOURCE = "resource"
    PEER = "peer"


@dataclass(frozen=True, slots=True)
class Prediction:
    """One consequence. Weights are log-likelihood ratios in decibans, at most 15 either way.

    ``present`` when it is seen, ``absent`` when it was looked for and is not there. A negative
    ``present`` is a refutation. ``before_symptom``: a cause that begins after its effect counts
    against the model instead.
    """

    feature: str
    where: Where
    present: float
    absent: float = 0.0
    before_symptom: bool = False


@dataclass(frozen=True, slots=True)
class Treatment:
    """A catalogue action that treats the fault. ``action`` is its slug; ``reason`` is shown.

    ``is_relief``: it ends the symptom for a while, and not what brings it.
    """

    action: str
    reason: str
    is_relief: bool = False


@dataclass(frozen=True, slots=True)
class FaultModel:
    """A class of fault.

    Attributes:
        claim: Sentence with ``{name}`` of the blamed resource, and ``{other}`` where it has two ends.
        other: Words for the other end, where nothing tells its name.
        other_kind: Its kind, by which the topology may tell it.
        words: Phrases that people use for it: one that stands in a text means this fault.
        vague: Words that mean it only of a resource of its kinds: that a database is slow.
        is_of_caller: Of a call from one resource to another it is the caller that has it.
        at_database: The class that the same words mean of a database: a client is out of connections
            to it, a database has none left for its clients.
        triggers: Features whose presence makes the resource a candidate.
        is_generic: It blames a change without saying how; a specific mechanism explains it away,
            and a symptom that is over excuses it.
        is_catch_all: It names no mechanism at all: any other cause of the same resource that scores
            as well takes its place.
        refines: Models that say less about the same: where this one scores, they stand back.
        comes_back: Its mechanism goes on while its symptom pauses (a killed process begins to leak
            again): it is not over because nobody is hurt for the moment.
        harms: What triggers it is no trouble by itself; where nobody knows what depends on the
            resource, one of these features has to show that it is.
        is_cluster_wide: It reaches what it does not serve calls to (a quota, the scheduler).
        source: Where the weights come from, in words.
    """

    slug: str
    title: str
    owner: AgentName
    claim: str
    triggers: tuple[str, ...]
    predictions: tuple[Prediction, ...]
    treatments: tuple[Treatment, ...] = ()
    blame: Blame = Blame.RESOURCE
    kinds: tuple[ResourceKind, ...] = ()
    words: tuple[str, ...] = ()
    vague: tuple[str, ...] = ()
    is_of_caller: bool = False
    at_database: str = ""
    prior: float = 0.0
    is_generic: bool = False
    is_catch_all: bool = False
    refines: tuple[str, ...] = ()
    comes_back: bool = False
    harms: tuple[str, ...] = ()
    is_cluster_wide: bool = False
    other: str = ""
    other_kind: ResourceKind | None = None
    source: str = "stated by the authors from operating experience; to be learned from outcomes"

    def claim_at(self, name: str, *, other: str = "") -> str:
        """Return the claim for a resource by its name, and what is at the other end if known."""
        return self.claim.format(name=name, other=other or self.other)
