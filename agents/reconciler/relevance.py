"""Which findings bear on what is going on now, and which are left over from something earlier."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.case import Case
from agents.enums import Presence
from agents.findings import Finding
from agents.specialists.reader import earliest_symptom

SHARE_OF_ENDED = 0.5
# An alert comes after its rule's pause and a scrape or two: a process that a leak killed has dropped
# its memory by then. What ended so shortly before is part of this incident.
ALERT_DELAY = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Relevance:
    """How the symptom stands, for judging what each finding still tells.

    Attributes:
        began: When the first symptom began.
        is_over: Every symptom that can be judged is back to normal: then all is history.
        goes_on: A symptom is known not to be back to normal.
    """

    began: datetime
    is_over: bool
    goes_on: bool

    def is_earlier(self, finding: Finding) -> bool:
        """Whether what was found was over before the symptom began, which goes on without it."""
        if self.is_over or finding.ended_at is None:
            return False
        return finding.ended_at < self.began - ALERT_DELAY

    def share(self, finding: Finding, weight: float) -> float:
        """Return how much of a weight counts, 0..1.

        While a symptom goes on, what has ended does not keep it going: it explains nothing away,
        and speaks half for its own cause (a trigger may be gone while its effect lasts).
        """
        if not (self.goes_on and finding.has_ended):
            return 1.0
        return 0.0 if weight < 0 else SHARE_OF_ENDED


def relevance_of(findings: Sequence[Finding], case: Case) -> Relevance:
    """Return how the symptoms stand by what was found."""
    goes_on = any(v is Presence.ABSENT for v in _recoveries(findings))
    return Relevance(earliest_symptom(case), is_over(findings), goes_on)


def is_over(findings: Sequence[Finding]) -> bool:
    """Whether every symptom that can be judged is back to normal."""
    verdicts = _recoveries(findings)
    return bool(verdicts) and all(v is Presence.PRESENT for v in verdicts)


def _recoveries(findings: Sequence[Finding]) -> list[Presence]:
    return [f.presence for f in findings if f.feature == "recovered"]
