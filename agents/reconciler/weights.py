"""Learned corrections of the stated weights: one factor per kind of evidence."""

import json
from functools import cache
from importlib.resources import files


@cache
def factors() -> dict[str, float]:
    """Return the factors that come with this version, by term (``feature/presence``), read once."""
    text = files("agents.reconciler").joinpath("weights.json").read_text(encoding="utf-8")
    return {str(term): float(factor) for term, factor in json.loads(text)["factors"].items()}


def factor_of(term: str) -> float:
    """Return by how much the stated weight of a kind of evidence is corrected; 1 if not learned."""
    return factors().get(term, 1.0)
