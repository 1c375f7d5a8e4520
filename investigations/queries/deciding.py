"""What decides for a diagnosis: the strongest evidence for its hypothesis, the best against it."""

from collections import defaultdict

from investigations.models import Diagnosis, Investigation, Stance
from investigations.queries.board import Collections

SUPPORT = 3
AGAINST = 1
FIRST = SUPPORT + AGAINST
# What weighs less, in decibans, says nothing.
LEAST = 1
# More are on no board that its budget allows; a page reads no more.
MAX_WEIGHTS = 5000
Weights = dict[int, dict[int, float]]


def strongest_for(diagnosis: Diagnosis | None) -> tuple[int, ...]:
    """Return the numbers of the three pieces that weigh most for it, heaviest first. One query."""
    if diagnosis is None or diagnosis.hypothesis is None:
        return ()
    found = Stance.objects.filter(hypothesis=diagnosis.hypothesis, weight_decibans__gte=LEAST)
    ordered = found.order_by("-weight_decibans", "evidence__number")
    return tuple(ordered.values_list("evidence__number", flat=True)[:SUPPORT])


def cited_in_order(diagnosis: Diagnosis) -> list[int]:
    """Return what a diagnosis cites, what weighs most first, as each page tells it. One query."""
    cited = [int(n) for n in diagnosis.cited]
    first = [n for n in strongest_for(diagnosis) if n in cited]
    return list(dict.fromkeys([*first, *cited]))


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


def weights_now(investigation: Investigation) -> Weights:
    """Return by number of hypothesis what evidence weighs for it, by its number. One query."""
    found = Stance.objects.filter(hypothesis__investigation=investigation)
    told = found.exclude(weight_decibans=0).order_by("pk")
    weights: Weights = defaultdict(dict)
    for number, piece, weight in told.values_list(
        "hypothesis__number", "evidence__number", "weight_decibans"
    )[:MAX_WEIGHTS]:
        weights[number][piece] = weight
    return weights


def weights_then(board: Collections) -> Weights:
    """As :func:`weights_now`, from the collections of a moment."""
    weights: Weights = defaultdict(dict)
    for stance in board.get("stances", {}).values():
        number, piece = int(str(stance["hypothesis"])), int(str(stance["evidence"]))
        weights[number][piece] = float(str(stance["weight_decibans"]))
    return weights
