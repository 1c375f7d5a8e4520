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

SHARED = re.compile(r"^(?:Part of|The same cause as) H\d+")


def shared_with(note: str) -> str:
    """Return of which hypothesis one is a part, or the same as, by its note; empty for a rival."""
    found = SHARED.match(note)
    return f"{found[0][0].lower()}{found[0][1:]}" if found else ""


def plain_rule(text: str) -> str:
    """Return a rule's text with its place in words: ``latency rise (self): predicted``."""
    return PLACE.sub(lambda found: f" {PLACES[found[1]]}", text)
