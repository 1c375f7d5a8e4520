"""Names of agents, kinds and states of their work."""

from enum import StrEnum


class AgentName(StrEnum):
    """The four specialists and the reconciler. Value = name shown and stored."""

    NETWORK = "network"
    DEPLOYMENT = "deployment"
    DATABASE = "database"
    RESOURCE = "resource"
    RECONCILER = "reconciler"

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


class WorkState(StrEnum):
    """PENDING may be claimed; LEASED is claimed; DONE and POISONED are final."""

    PENDING = "pending"
    LEASED = "leased"
    DONE = "done"
    POISONED = "poisoned"


class Presence(StrEnum):
    """Whether what was looked for is there. UNKNOWN: the source did not answer (a data gap)."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"
