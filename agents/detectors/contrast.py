"""How clearly two shares differ."""

import math


def evidence_of_difference(hits: int, count: int, usual_hits: int, usual_count: int) -> float:
    """Return by how many nats two shares are better explained as two than as one (half of G).

    Zero when either side is empty or the shares are the same; it grows with the counts. About 2
    is the usual 5 % level, 5 a chance of one in a thousand.
    """
    if not count or not usual_count:
        return 0.0
    pooled = (hits + usual_hits) / (count + usual_count)
    if pooled in {0.0, 1.0}:
        return 0.0
    return _gain(hits, count, pooled) + _gain(usual_hits, usual_count, pooled)


def _gain(hits: int, count: int, pooled: float) -> float:
    total, share = 0.0, hits / count
    if hits:
        total += hits * math.log(share / pooled)
    if count > hits:
        total += (count - hits) * math.log((1 - share) / (1 - pooled))
    return total
