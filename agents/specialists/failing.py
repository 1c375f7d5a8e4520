"""Where more requests fail than before, in cases that complain of failures alone."""

from collections.abc import Iterable

from agents.detectors.deviations import deviation
from agents.specialists.reader import Reader, complains_of_errors, earliest_symptom
from telemetry.types import ResourceRef, Semantic, Series

# Among hundreds of series some lie a few sigmas out at any time.
MIN_SCORE = 8.0
# One request of so many that fails is one sigma of a service that never fails.
LEAST_ERRORS = 1 / 2000
# How much of a baseline's failures is usual: the farthest are incidents of their own.
USUAL_SHARE = 0.98
# Where errors are complained of, what fails no more than before explains less: by time limits only.
NOTHING_FAILS = 0.35


def failing(reader: Reader, every: Iterable[Series]) -> dict[ResourceRef, bool]:
    """Where errors are complained of: whether a resource whose errors are measured fails more."""
    case, found = reader.case, dict[ResourceRef, bool]()
    if not complains_of_errors(case):
        return found
    end, began = case.baseline.end.timestamp(), earliest_symptom(case).timestamp()
    for series in every:
        if series.ref.semantic is Semantic.ERROR_RATIO and series.ref.peer is None:
            shown = deviation(
                series.times, series.values, baseline_end=end, since=began, is_harm_above=True,
                floor=LEAST_ERRORS, reach_share=USUAL_SHARE,
            )  # fmt: skip
            is_more = shown is not None and shown.score >= MIN_SCORE
            found[series.ref.resource] = found.get(series.ref.resource, False) or is_more
    return found
