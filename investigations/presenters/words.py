"""Words for probabilities, weights, durations and values."""

from datetime import datetime, timedelta

from investigations.scale import likelihood as likelihood

GLYPHS = {"network": "■", "deployment": "▲", "database": "◆", "resource": "●", "reconciler": "✦",
          "model": "◌"}  # fmt: skip
NAMES = {"network": "Network", "deployment": "Deploy", "database": "Database",
         "resource": "Resource", "reconciler": "Consensus",
         "model": "Language model"}  # fmt: skip
SEVERITY_GLYPHS = {"sev1": "⬣", "sev2": "▲", "sev3": "◆", "sev4": "●"}


def strength(decibans: float) -> str:
    """Return how strongly a stance weighs: strong from 6 decibans, moderate from 3."""
    size = abs(decibans)
    return "strong" if size >= 6 else "moderate" if size >= 3 else "weak"


def alike(similarity: float) -> str:
    """Return how alike two incidents are by what was found, in words.

    Much alike: the same cause with most of its signs. Alike: the same cause. Somewhat alike: the
    same signs of another cause, or of one that is not known.
    """
    for limit, word in ((0.8, "much alike"), (0.6, "alike"), (0.4, "somewhat alike")):
        if similarity >= limit:
            return word
    return "unlike"


def age(since: datetime, now: datetime) -> str:
    """Return how long ago, at one unit."""
    return span((now - since).total_seconds())


def span(length_seconds: float) -> str:
    """Return a duration at one unit."""
    seconds = max(0, int(length_seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def until(moment: datetime, now: datetime) -> str:
    """Return how long until a moment, or that it has passed."""
    left = moment - now
    if left <= timedelta(0):
        return "expired"
    minutes = int(left.total_seconds() // 60)
    return f"{minutes} min" if minutes else f"{int(left.total_seconds())} s"
