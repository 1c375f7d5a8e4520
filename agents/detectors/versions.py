"""Pods of a new version against pods of the old one, in the same minutes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from telemetry.types import FloatArray

MIN_SAMPLES = 3
# Between which ranks of a pod's samples its level is the mean: a single bad minute is no level.
TRIM = 0.1
# Time that a pod needs to become ready and to be found by its callers.
START_UP_SECONDS = 120.0
# How many times as long as ever before without a request is an end of requests.
CEASED_GAPS = 2.0
Samples = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class VersionGap:
    """How the new version's pods stand against the old ones since the rollout.

    Attributes:
        new, old: Mean level of each version's pods, in the series' unit, in the same minutes.
        worst_old: Level of the worst pod of the old version.
        usual: Mean level of the old version's pods before the rollout.
        spread: How far these lay from each other then.
        sample_count: How many samples of the new version there are; few tell little.
        first_at: Unix seconds of the new version's first sample.
    """

    new: float
    old: float
    worst_old: float
    usual: float
    spread: float
    new_count: int
    old_count: int
    first_at: float
    sample_count: int

    @property
    def excess(self) -> float:
        """By how much the new version is worse than every pod of the old one; may be negative."""
        return self.new - self.worst_old

    @property
    def own_share(self) -> float:
        """What share of the new version's rise over the usual the old one does not show too, 0..1.

        Both versions failing alike is trouble of something that both depend on.
        """
        rise = self.new - self.usual
        return min(1.0, max(0.0, self.excess / rise)) if rise > 0 else 0.0

    @property
    def weight(self) -> float:
        """How far the new version's samples are enough to know its level by, 0..1."""
        return min(1.0, self.sample_count / MIN_SAMPLES)

    @property
    def ratio(self) -> float:
        """New level over the worst old one; infinite over zero."""
        if self.worst_old <= 0:
            return float("inf") if self.new > 0 else 1.0
        return self.new / self.worst_old


def version_gap(
    new: Mapping[str, Samples], old: Mapping[str, Samples], *, since: float
) -> VersionGap | None:
    """Compare pods of two versions after a rollout.

    Args:
        new: By pod: times in Unix seconds and samples; NaN is a missing one.
        old: The same of the version before.
        since: When the rollout was.

    Returns:
        The gap, or None with no sample of the new version, or fewer than three of the old in the
        same minutes.
    """
    begun = [times[~np.isnan(values)] for times, values in new.values()]
    starts = [float(times[0]) for times in begun if len(times)]
    if not starts:
        return None
    first = max(min(starts), since)
    fresh = [level for pod in new.values() if (level := _known(pod, first)) is not None]
    stable = [level for pod in old.values() if (level := _known(pod, first)) is not None]
    if not fresh or sum(map(len, stable)) < MIN_SAMPLES:
        return None
    # A pod with next to no samples has no level of its own.
    steady = [values for values in stable if len(values) >= MIN_SAMPLES] or stable
    before = [values for pod in old.values() if len(values := _before(pod, since))]
    levels = [_level(values) for values in before]
    return VersionGap(
        new=_level(np.concatenate(fresh)), old=_level(np.concatenate(stable)),
        worst_old=max(_level(values) for values in steady),
        usual=float(np.mean(levels)) if levels else _level(np.concatenate(stable)),
        spread=float(np.std(levels)) if len(levels) > 1 else 0.0,
        new_count=len(fresh), old_count=len(stable), first_at=first,
        sample_count=sum(map(len, fresh)),
    )  # fmt: skip


def is_idle(
    new: Mapping[str, Samples], old: Mapping[str, Samples], *, since: float, until: float
) -> bool | None:
    """Whether the new version takes no requests while the old one goes on taking them.

    Args:
        new: By pod: times and samples that exist only where requests were taken; NaN is none.
        old: The same of the version before.
        since: When the rollout was.
        until: End of what can be seen.

    Returns:
        None when it cannot be told: it is too early, or the old version takes few or none.
    """
    ready = since + START_UP_SECONDS
    taken = [values for pod in old.values() if (values := _known(pod, ready)) is not None]
    if until - ready < START_UP_SECONDS or sum(map(len, taken)) < 2 * MIN_SAMPLES:
        return None
    return not takes_requests(new, since=since)


def ceased_at(pods: Mapping[str, Samples], *, usual_gap: float, until: float) -> float | None:
    """Return when pods took their last request, in Unix seconds, if they take none any more.

    Args:
        pods: By pod: times and samples that exist only where requests were taken; NaN is none.
        usual_gap: The longest time in seconds that passed without a request before the rollout.
        until: End of what others of the source tell.
    """
    known = [times[~np.isnan(values)] for times, values in pods.values()]
    last = max((float(times[-1]) for times in known if len(times)), default=None)
    if last is None or until - last < max(START_UP_SECONDS, CEASED_GAPS * usual_gap):
        return None
    return last


def longest_gap(pods: Mapping[str, Samples], *, until: float) -> float | None:
    """Return the longest time in seconds between samples of any pod before then; None: too few."""
    known = [times[~np.isnan(values) & (times < until)] for times, values in pods.values()]
    times = np.unique(np.concatenate(known)) if known else np.array([])
    return float(np.diff(times).max()) if len(times) > 2 * MIN_SAMPLES else None


def is_sampled(pods: Mapping[str, Samples], *, until: float) -> bool:
    """Whether any of the pods has a sample shortly before then: a time in Unix seconds."""
    return any(_known(pod, until - START_UP_SECONDS) is not None for pod in pods.values())


def takes_requests(pods: Mapping[str, Samples], *, since: float) -> bool:
    """Whether any of the pods has a sample since then: a time in Unix seconds."""
    return any(_known(pod, since) is not None for pod in pods.values())


def _known(pod: Samples, since: float) -> FloatArray | None:
    times, values = pod
    found = values[(times >= since) & ~np.isnan(values)]
    return found if len(found) else None


def _before(pod: Samples, until: float) -> FloatArray:
    times, values = pod
    return values[(times < until) & ~np.isnan(values)]


def _level(values: FloatArray) -> float:
    ordered = np.sort(values)
    cut = int(len(ordered) * TRIM)
    return float(np.mean(ordered[cut : len(ordered) - cut]))
