"""Ramps and counters."""

from dataclasses import dataclass, replace

import numpy as np

from telemetry.types import FloatArray


@dataclass(frozen=True, slots=True)
class Ramp:
    """A steady growth: from a level, by so much per second, since an onset (Unix seconds).

    ``ended``: when its last sample was, if the series has stopped growing since.
    """

    start_level: float
    end_level: float
    per_second: float
    onset: float
    rising_share: float
    ended: float | None = None


MIN_AFTER = 5
# Parts of a piece that are judged by themselves: all of it, its last half, quarter, eighth.
TAILS = (1, 2, 4, 8)


def find_ramp(
    times: FloatArray, values: FloatArray, *, min_growth: float = 0.25, min_seconds: float = 90.0
) -> Ramp | None:
    """Return the longest steady growth of a series, or None.

    A ramp may be cut by a sudden fall (a restart empties a leak): each piece between falls of more
    than 15 % is judged by itself.

    Args:
        times: Unix seconds, shape (n,), increasing.
        values: Samples, shape (n,); NaN is skipped.
        min_growth: Smallest growth over a piece, as a share of its start.
        min_seconds: Shortest piece.
    """
    known = ~np.isnan(values)
    at, level = times[known], values[known]
    if len(at) < 8:
        return None
    best: Ramp | None = None
    falls = np.flatnonzero(np.diff(level) < -0.15 * np.maximum(level[:-1], 1e-9)) + 1
    for piece in np.split(np.arange(len(at)), falls):
        # A short climb after a long calm is lost in the whole: look at its last parts too.
        for part in (piece[-(len(piece) // share) :] for share in TAILS if len(piece) >= share):
            found = _judge(at[part], level[part], min_growth, min_seconds)
            if found and (best is None or found.end_level - found.start_level
                          > best.end_level - best.start_level):  # fmt: skip
                is_last = piece[-1] == len(at) - 1
                best = replace(found, ended=None if is_last else float(at[piece[-1]]))
    if best is None or best.ended is None:
        return best
    # After its last fall: does it climb again? Too little to tell is taken for yes.
    begin = int(falls[-1])
    after = at[begin:] - at[begin]
    is_calm = len(after) >= MIN_AFTER and (
        float(np.polyfit(after, level[begin:], 1)[0]) < best.per_second / 4
    )
    return best if is_calm else replace(best, ended=None)


def _judge(at: FloatArray, level: FloatArray, min_growth: float, min_seconds: float) -> Ramp | None:
    if len(at) < 6 or at[-1] - at[0] < min_seconds:
        return None
    width = max(1, len(level) // 24)
    coarse = level[: len(level) // width * width].reshape(-1, width).mean(axis=1)
    when = at[: len(level) // width * width : width]
    # The growth begins at the last point that is no higher than the start's own noise.
    noise = max(float(np.std(coarse[:4])), 0.01 * abs(float(coarse[0])))
    flat = np.flatnonzero(coarse <= coarse[0] + 3 * noise)
    begin = int(flat[-1]) if len(flat) else 0
    part, times = coarse[begin:], when[begin:]
    if len(part) < 5 or times[-1] - times[0] < min_seconds:
        return None
    steps = np.diff(part)
    rising = float((steps > 0).mean())
    growth = float(part[-1] - part[0])
    line = np.polyfit(times - times[0], part, 1)
    residual = float(np.std(part - np.polyval(line, times - times[0])))
    is_steady = rising >= 0.8 and growth > 6 * residual and line[0] > 0
    if not is_steady or growth < min_growth * max(abs(float(part[0])), 1e-9):
        return None
    return Ramp(float(part[0]), float(part[-1]), float(line[0]), float(times[0]), rising)


def counter_increase(values: FloatArray) -> float:
    """Return how much a counter grew over the samples, reading a fall as a restart from zero."""
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return 0.0
    steps = np.diff(known)
    return float(np.where(steps >= 0, steps, known[1:]).sum())
