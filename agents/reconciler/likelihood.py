"""Words for probabilities, after the bands of ICD 203."""

BANDS: tuple[tuple[float, str], ...] = (
    (0.05, "almost no chance"),
    (0.20, "very unlikely"),
    (0.45, "unlikely"),
    (0.55, "roughly even"),
    (0.80, "likely"),
    (0.95, "very likely"),
    (1.00, "almost certain"),
)


def likelihood_word(probability: float) -> str:
    """Return the word for a probability, 0..1."""
    return next(word for limit, word in BANDS if probability <= limit)


def clamp(probability: float) -> float:
    """Keep a probability within 0.01..0.99: nothing is certain."""
    return min(0.99, max(0.01, probability))
