"""The one time axis of a room: an instant has the same x in every lane, mark and card."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from investigations.models import Investigation

WIDTH = 1000
AXIS_MIN_BEFORE = timedelta(minutes=6)


@dataclass(frozen=True, slots=True)
class Axis:
    """The time shown, and the impact on it. ``x`` is in 0..1000 from start to end."""

    start: datetime
    end: datetime
    impact_from: datetime
    impact_to: datetime | None

    def x(self, at: datetime | float) -> float:
        """Return where a moment lies, held at the ends."""
        moment = at if isinstance(at, float) else at.timestamp()
        share = (moment - self.start.timestamp()) / max(
            1.0, (self.end - self.start).total_seconds()
        )
        return round(min(1.0, max(0.0, share)) * WIDTH, 1)

    def shows(self, at: datetime) -> bool:
        """Whether a moment lies on the axis."""
        return self.start <= at <= self.end

    @property
    def impact_x(self) -> float:
        """Where the impact begins."""
        return self.x(self.impact_from)

    @property
    def impact_width(self) -> float:
        """How long the impact is, up to its end or the end of the axis."""
        return max(0.0, round(self.x(self.impact_to or self.end) - self.impact_x, 1))

    @property
    def zoom_x(self) -> float:
        """Where the closer view begins: a little before the impact."""
        return max(0.0, round(self.impact_x - max(20.0, self.impact_width * 0.15), 1))

    @property
    def zoom_width(self) -> float:
        """The length of the closer view, to a little after the impact."""
        end = min(WIDTH, self.impact_x + max(40.0, self.impact_width * 1.05))
        return round(end - self.zoom_x, 1)

    def zoomed(self, x: float) -> float:
        """Return an x of the whole view in the closer one, in 0..1000 (or outside)."""
        return round((x - self.zoom_x) / self.zoom_width * WIDTH, 1)


def clock(at: datetime | float) -> str:
    """Return a time of day in UTC, to the second."""
    moment = datetime.fromtimestamp(at, UTC) if isinstance(at, float) else at.astimezone(UTC)
    return moment.strftime("%H:%M:%SZ")


def axis_of(investigation: Investigation) -> Axis:
    """Return the time axis of an investigation's room."""
    incident = investigation.incident
    return Axis(
        _axis_start(investigation), investigation.seen_until, incident.started_at,
        incident.mitigated_at or incident.resolved_at,
    )  # fmt: skip


def _axis_start(investigation: Investigation) -> datetime:
    """Begin twice the impact's length before it, at least six minutes, within the baseline."""
    incident = investigation.incident
    started = incident.started_at
    ended = incident.mitigated_at or incident.resolved_at or investigation.seen_until
    before = max(AXIS_MIN_BEFORE, 2 * (ended - started))
    return max(investigation.baseline_start, started - before)
