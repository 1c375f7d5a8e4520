"""What decides for a diagnosis: the strongest evidence for its hypothesis, the best against it."""

from investigations.models import Diagnosis, Stance
from investigations.queries.board import Collections

SUPPORT = 3
AGAINST = 1
FIRST = SUPPORT + AGAINST
# What weighs less, in decibans, says nothing.
LEAST = 1


def strongest_for(diagnosis: Diagnosis | None) -> tuple[int, ...]:
    """Return the numbers of the three pieces that weigh most for it, heaviest first. One query."""
    if diagnosis is None or diagnosis.hypothesis is None:
        return ()
    found = Stance.objects.filter(hypothesis=diagnosis.hypothesis, weight_decibans__gte=LEAST)
    ordered = found.order_by("-weight_decibans", "evidence__number")
    return tuple(ordered.values_list("evidence__number", flat=True)[:SUPPORT])


def strongest_against(diagnosis: Diagnosis | None) -> tuple[int, ...]:
    """Return the number of the piece that weighs most against it, if one does. One query."""
    if diagnosis is None or diagnosis.hypothesis is None:
        return ()
    found = Stance.objects.filter(hypothesis=diagnosis.hypothesis, weight_decibans__lte=-LEAST)
    ordered = found.order_by("weight_decibans", "evidence__number")
    return tuple(ordered.values_list("evidence__number", flat=True)[:AGAINST])


def strongest_then(board: Collections, diagnosis: Diagnosis | None) -> tuple[int, ...]:
    """As :func:`strongest_for`, from the collections of a moment."""
    if diagnosis is None or diagnosis.hypothesis is None:
        return ()
    number = diagnosis.hypothesis.number
    weights = [
        (-float(str(s["weight_decibans"])), int(str(s["evidence"])))
        for s in board.get("stances", {}).values()
        if s["hypothesis"] == number and float(str(s["weight_decibans"])) >= LEAST
    ]
    return tuple(piece for _, piece in sorted(weights)[:SUPPORT])
