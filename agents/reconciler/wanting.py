"""What would turn an open question into a verdict: a sentence for each rule that was not met."""

from collections.abc import Sequence

from agents.reconciler.outcome import Ranked, Rule

PROBABLE = "Probability at least 60%"
AHEAD = "At least 20 points ahead of the next"
KNOWN = "Likelier than something else"
TWO_KINDS = "Two independent kinds of telemetry"
UNOPPOSED = "Nothing strong stands against it"
CHALLENGED = "Its strongest evidence survived a challenge"


def wanted(leader: Ranked | None, rival: Ranked | None, rules: Sequence[Rule]) -> str:
    """Return in a few sentences what evidence would name the leader, or another cause."""
    if leader is None:
        return "A finding that points to a cause."
    missing = {rule.name: rule.detail for rule in rules if not rule.passed}
    said = {
        PROBABLE: "More evidence for the lead, or for another cause.",
        AHEAD: "Evidence that tells the lead from the next candidate"
               f"{f': “{rival.scored.claim}”' if rival else ''}.",
        KNOWN: "Evidence that tells the lead from a cause that nobody has named yet.",
        TWO_KINDS: f"A second kind of telemetry that shows the lead; so far: "
                   f"{missing.get(TWO_KINDS, '')}.",
        UNOPPOSED: "An explanation of what stands against the lead.",
        CHALLENGED: "Evidence for the lead that another look confirms.",
    }  # fmt: skip
    return " ".join(said[name] for name in said if name in missing)
