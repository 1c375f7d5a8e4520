"""Two incidents side by side: what they share and what they do not."""

from dataclasses import dataclass
from datetime import datetime

from investigations.models import Evidence, Incident
from investigations.queries.history import HistoryRow, dress
from investigations.queries.likeness import likeness_of

SHARED_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two incidents; ``similarity`` is null if it is not known; findings as words."""

    a: HistoryRow
    b: HistoryRow
    similarity: float | None
    in_both: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    @property
    def rows(self) -> tuple[HistoryRow, HistoryRow]:
        """Return both, in order."""
        return self.a, self.b


def compare(a: Incident, b: Incident) -> Comparison:
    """Return both with what the agents found in both and in one only. Four queries."""
    first, second = dress([(a, None), (b, None)])
    found: dict[int, set[str]] = {a.pk: set(), b.pk: set()}
    rows = Evidence.objects.filter(investigation__incident__in=[a.pk, b.pk]).exclude(feature="")
    for incident_id, feature in rows.values_list(
        "investigation__incident_id", "feature"
    ).distinct():
        found[incident_id].add(feature.replace("_", " "))
    mine, theirs = found[a.pk], found[b.pk]
    second, value = likeness_of(first, second)
    return Comparison(
        first, second, value, _some(mine & theirs), _some(mine - theirs),
        _some(theirs - mine),
    )  # fmt: skip


def _some(names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(names)[:SHARED_LIMIT])


def lasted(row: HistoryRow) -> float | None:
    """Return the seconds from the beginning until users were no longer hurt, if they are not."""
    end: datetime | None = row.incident.mitigated_at or row.incident.resolved_at
    return None if end is None else max(0.0, (end - row.began_at).total_seconds())
