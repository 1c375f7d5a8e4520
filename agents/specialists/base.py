"""What every specialist offers. Pure of Django: it asks ports and returns findings."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from agents.case import Case
from agents.enums import AgentName
from agents.findings import Cause, Finding


class Specialist(Protocol):
    """An agent of one domain, with a charter, read-only ports and detectors."""

    @property
    def name(self) -> AgentName:
        """Which agent it is."""
        ...

    @property
    def charter(self) -> str:
        """What it looks after, in a sentence."""
        ...

    def gather(self, case: Case) -> Iterator[Finding]:
        """Look over the scope and yield findings as they are made; gaps are UNKNOWN findings.

        Yields the clearest first. Never raises for a source that does not answer.
        """
        ...

    def examine(
        self, case: Case, causes: Sequence[Cause], known: Sequence[Finding]
    ) -> Iterator[Finding]:
        """Look for what the causes' models predict in this domain and nobody has looked for.

        Yields PRESENT, ABSENT and UNKNOWN findings; nothing when the domain has no bearing.
        """
        ...

    def challenge(self, case: Case, claim: Finding) -> Finding | None:
        """Re-check another agent's finding with a query of one's own; None if one has no way to."""
        ...

    def reread(self, case: Case, claim: Finding, *, until: datetime) -> Finding | None:
        """Ask another agent's question of series anew at a coarser step, by the claim's own rule.

        ``until``: up to when there may be samples. None if that is no question of series, or too
        few of the coarser samples lie in what it tells of.
        """
        ...
