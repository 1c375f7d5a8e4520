"""The topology as text: each service with its health, what it calls and what calls it."""

from dataclasses import dataclass

from investigations.models import Service
from investigations.presenters.service_map import MARKS, health_words
from investigations.queries.services import Health, Landscape

SHOWN = 12
RANK = {"incident": 0, "cause": 1, "unusual": 2, "unknown": 3, "usual": 3}


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One line of the list. ``more_*``: how many neighbours are not shown."""

    service: Service
    health: Health
    calls: tuple[Service, ...]
    called_by: tuple[Service, ...]
    more_calls: int
    more_called_by: int

    @property
    def words(self) -> str:
        """The health in words."""
        return health_words(self.health)

    @property
    def mark(self) -> str:
        """The health's glyph."""
        return MARKS[self.health.state]


def present_services(land: Landscape, *, only: set[str] | None = None) -> list[ServiceRow]:
    """Return the services, those with trouble first, then by name."""
    known = {s.key: s for s in land.services}
    calls: dict[str, list[Service]] = {}
    called_by: dict[str, list[Service]] = {}
    for caller, callee in land.edges:
        if caller in known and callee in known:
            calls.setdefault(caller, []).append(known[callee])
            called_by.setdefault(callee, []).append(known[caller])
    rows = [
        ServiceRow(
            service, land.health[key],
            tuple(calls.get(key, [])[:SHOWN]), tuple(called_by.get(key, [])[:SHOWN]),
            max(0, len(calls.get(key, [])) - SHOWN), max(0, len(called_by.get(key, [])) - SHOWN),
        )
        for key, service in known.items() if only is None or key in only
    ]  # fmt: skip
    return sorted(rows, key=lambda r: (RANK[r.health.state], r.service.name, r.service.key))
