"""What packages above offer to people in the room, told by them when they start."""

import re

# ``rollback payments because …``: an action's slug and what it is to be done to.
PROPOSAL = re.compile(r"([\w-]+)\s+([\w./-]+)(?:\s+(?:because\s+)?(.*))?")
_actions: dict[str, str] = {}


def offer_actions(titles: dict[str, str]) -> None:
    """Name the actions that a person may ask for: slug to title."""
    _actions.update(titles)


def proposable() -> dict[str, str]:
    """Return the actions that a person may ask for: slug to title."""
    return dict(_actions)
