"""Names of agents, kinds and states of their work."""

from enum import StrEnum


class AgentName(StrEnum):
    """The specialists, the reconciler and the language model. Value = name shown and stored."""

    NETWORK = "network"
    DEPLOYMENT = "deployment"
    DATABASE = "database"
    RESOURCE = "resource"
    RECONCILER = "reconciler"
    MODEL = "model"

    @property
    def author(self) -> str:
        """The author of what this agent posts on the board."""
        return f"agent/{self.value}"


SPECIALISTS = (AgentName.NETWORK, AgentName.DEPLOYMENT, AgentName.DATABASE, AgentName.RESOURCE)


class WorkKind(StrEnum):
    """The steps of an investigation that workers claim."""

    SCOPE = "scope"
    GATHER = "gather"
    INTERPRET = "interpret"
    PROPOSE = "propose"
    EXAMINE = "examine"
    CHALLENGE = "challenge"
    RECONCILE = "reconcile"
    CONSULT = "consult"
    SUMMARISE = "summarise"


class WorkState(StrEnum):
    """PENDING may be claimed; LEASED is claimed; DONE and POISONED are final."""

    PENDING = "pending"
    LEASED = "leased"
    DONE = "done"
    POISONED = "poisoned"


# Steps beside the phases of a round: no phase waits for them, and the verdict never does.
ASIDE = (WorkKind.INTERPRET.value, WorkKind.CONSULT.value, WorkKind.SUMMARISE.value)
MODEL_WORK = (WorkKind.CONSULT.value, WorkKind.SUMMARISE.value)


class CallOutcome(StrEnum):
    """ASKED: sent, with no answer stored yet. DEGRADED: no usable answer. SKIPPED: never sent."""

    ASKED = "asked"
    OK = "ok"
    DEGRADED = "degraded"
    SKIPPED = "skipped"


class Presence(StrEnum):
    """Whether what was looked for is there. UNKNOWN: the source did not answer (a data gap)."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"
