"""Days that people type, as the moments between which they lie."""

from datetime import UTC, date, datetime, time, timedelta


def day_begins(day: date) -> datetime:
    """Return the first moment of a day in UTC."""
    return datetime.combine(day, time(), tzinfo=UTC)


def day_ends(day: date) -> datetime:
    """Return the first moment after a day in UTC; of the last day there is, its last moment."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return day_begins(day + timedelta(days=1))
