"""Which kill switches govern an action."""

GLOBAL = "global"


def scopes_of(*, kind: str, environment: str) -> tuple[str, ...]:
    """Return the scopes whose switch stops an action of a kind in an environment."""
    return (GLOBAL, f"action/{kind}", f"environment/{environment}")
