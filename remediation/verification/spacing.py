"""How far apart the samples of a source are, told from the series themselves: pure calculations."""

from collections.abc import Iterable

import numpy as np

from telemetry.types import Series

# A source that is asked more often than it scrapes repeats its last sample. With fewer changes of value
# than these, how far apart they are is chance.
LEAST_CHANGES = 8
# What changes more seldom is quiet, not seldom scraped.
LONGEST_SECONDS = 120.0


def interval_of(series: Iterable[Series], *, step_seconds: float) -> float:
    """Return the seconds between new samples, at least ``step_seconds``, in which they were asked for.

    A series tells it by how far apart its changes of value are, at the median. A quiet one is too slow
    a witness, so the quickest series counts; where none changes often enough, it is not known, and
    ``step_seconds`` is returned.
    """
    found = [gap for one in series if (gap := _gap(one)) is not None]
    return max(step_seconds, min(found, default=step_seconds))


def _gap(series: Series) -> float | None:
    known = ~np.isnan(series.values)
    times, values = series.times[known], series.values[known]
    changed = times[1:][np.diff(values) != 0]
    if len(changed) < LEAST_CHANGES:
        return None
    gap = float(np.median(np.diff(changed)))
    return gap if gap <= LONGEST_SECONDS else None
