"""How probabilities are said: one scale for the board, the notes and the reports."""

BANDS = (
    (0.05, "Almost no chance"), (0.20, "Very unlikely"), (0.45, "Unlikely"),
    (0.55, "Roughly even"), (0.80, "Likely"), (0.95, "Very likely"), (1.0, "Almost certain"),
)  # fmt: skip


def likelihood(probability: float | None) -> str:
    """Return the word and the number, or "Not tested". Never 0 or 100 %."""
    if probability is None:
        return "Not tested"
    shown = min(0.99, max(0.01, probability))
    word = next(word for limit, word in BANDS if shown <= limit)
    return f"{word}, {shown:.0%}"
