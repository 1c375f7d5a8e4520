"""Stored names of rules as phrases for people: what was looked for, and where."""

import re

# Seen from the resource that a hypothesis blames.
PLACES = {
    "self": "of its own",
    "edge in": "on calls to it",
    "edge out": "on calls from it",
    "callees": "of what it calls",
    "callers": "of its callers",
    "symptom": "at the symptom",
    "anywhere": "anywhere",
}
PLACE = re.compile(rf" \(({'|'.join(PLACES)})\)")


def plain_rule(text: str) -> str:
    """Return a rule's text with its place in words: ``latency rise (self): predicted``."""
    return PLACE.sub(lambda found: f" {PLACES[found[1]]}", text)
