"""What is usual at an hour of the week: 168 buckets, each with its mean and sigma. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite, sqrt

HOURS = 168
# One hour of five-minute samples is twelve: less than two weeks of them say nothing of a week.
MIN_SAMPLES = 20
# What stands out of an established hour teaches no more than this many sigmas.
LEARNED_SIGMAS = 6.0
RELATIVE_FLOOR = 0.05
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def hour_of_week(at: datetime) -> int:
    """Return 0 for Monday 00:00 UTC to 167 for Sunday 23:00 UTC."""
    there = at.astimezone(UTC)
    return there.weekday() * 24 + there.hour


def name_of_hour(hour: int) -> str:
    """Return an hour of the week in words, such as ``Mondays at 03:00Z``."""
    return f"{DAYS[hour // 24]}s at {hour % 24:02}:00Z"


@dataclass(frozen=True, slots=True)
class Usual:
    """Mean and sigma of one hour of the week, and of how many samples."""

    mean: float
    sigma: float
    samples: int


@dataclass(slots=True)
class UsualWeek:
    """Samples of one series, kept as (count, mean, sum of squared distances) per hour (Welford 1962).

    ``buckets`` is JSON-able: 168 lists of three numbers.
    """

    buckets: list[list[float]] = field(
        default_factory=lambda: [[0, 0.0, 0.0] for _ in range(HOURS)]
    )

    def learn(self, times: Sequence[float], values: Sequence[float]) -> int:
        """Take samples in, at Unix seconds. Returns how many were known numbers.

        One that stands far out of an established hour is taken at its edge, so that an incident does
        not become usual, and a lasting change does with time.
        """
        count, before = 0, dict[int, Usual | None]()
        for at, value in zip(times, values, strict=True):
            if not isfinite(value):
                continue
            hour = hour_of_week(datetime.fromtimestamp(at, UTC))
            usual = before.setdefault(hour, self.at(hour))
            if usual is not None:
                reach = LEARNED_SIGMAS * usual.sigma
                value = min(usual.mean + reach, max(usual.mean - reach, value))
            bucket = self.buckets[hour]
            bucket[0] += 1
            delta = value - bucket[1]
            bucket[1] += delta / bucket[0]
            bucket[2] += delta * (value - bucket[1])
            count += 1
        return count

    def at(self, hour: int) -> Usual | None:
        """Return what is usual at an hour of the week; None while it is not established.

        Sigma is at least a twentieth of the mean: a flat series must not make noise of a digit.
        """
        count, mean, squares = self.buckets[hour]
        if count < MIN_SAMPLES:
            return None
        sigma = sqrt(squares / (count - 1))
        return Usual(mean, max(sigma, RELATIVE_FLOOR * abs(mean), 1e-9), int(count))

    def deviation(self, value: float, at: datetime) -> float | None:
        """Return how many sigmas a value is above (or below, negative) what is usual then.

        None: that hour is not established, or the value is not known.
        """
        usual = self.at(hour_of_week(at))
        if usual is None or not isfinite(value):
            return None
        return (value - usual.mean) / usual.sigma
