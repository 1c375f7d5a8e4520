"""Two incidents side by side: what they share and what they do not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from investigations.models import Incident
from investigations.phrases import closed_for, sign_told
from investigations.queries.beginning import hurt_since
from investigations.queries.history import HistoryRow, dress
from investigations.queries.likeness import likeness_of


@dataclass(frozen=True, slots=True)
class Hurt:
    """How long users were hurt: ``seconds``, None where it is not over.

    ``closed_for``: what it was closed for while they still were; they were hurt for longer.
    """

    seconds: float | None
    closed_for: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two incidents; ``similarity`` is null if it is not known; signs that were there, as words.

    ``hurt``: how long each hurt users. ``is_counted``: whether the signs of both are known.
    """

    a: HistoryRow
    b: HistoryRow
    similarity: float | None
    in_both: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    hurt: tuple[Hurt, Hurt]
    is_counted: bool

    @property
    def rows(self) -> tuple[HistoryRow, HistoryRow]:
        """Return both, in order."""
        return self.a, self.b


def compare(a: Incident, b: Incident) -> Comparison:
    """Return both with the signs of both and of one only: those that their likeness counts.

    What was looked for and is not there is no sign. Five queries.
    """
    first, second = dress([(a, None), (b, None)])
    second, value, mine, theirs = likeness_of(first, second)
    since = hurt_since([(row.incident, row.diagnosis) for row in (first, second)])
    return Comparison(
        first, second, value, _words(mine & theirs), _words(mine - theirs), _words(theirs - mine),
        (_hurt(a, since[a.pk]), _hurt(b, since[b.pk])), bool(mine and theirs),
    )  # fmt: skip


def _words(signs: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(map(sign_told, signs)))


def _hurt(incident: Incident, since: datetime) -> Hurt:
    end = incident.mitigated_at or incident.resolved_at
    seconds = None if end is None else max(0.0, (end - since).total_seconds())
    cut = "" if incident.mitigated_at else closed_for(incident.resolution)
    return Hurt(seconds, cut)
