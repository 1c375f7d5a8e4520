"""Stored names of rules as phrases for people: what was looked for, and where."""

import re
from collections.abc import Iterable, Mapping
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

# Seen from the resource that a hypothesis blames.
PLACES = {
    "self": "its own",
    "edge in": "on calls to it",
    "edge out": "on calls from it",
    "callees": "of what it calls",
    "callers": "of its callers",
    "symptom": "at the symptom",
    "anywhere": "anywhere",
}
RULE = re.compile(rf"^([a-z0-9 ]+) \(({'|'.join(PLACES)})\)(?:: (.*))?$")
OUTCOMES = {
    "predicted": "there, as predicted",
    "looked for, not there": "looked for, not there",
    "speaks for another mechanism": "there, and speaks for another cause",
    "predicted, half as it is over by now": "there, as predicted; counts half, as it is over by now",
}

SHARED = re.compile(r"^(?:Part of|The same cause as) H\d+")


def shared_with(note: str) -> str:
    """Return of which hypothesis one is a part, or the same as, by its note; empty for a rival."""
    found = SHARED.match(note)
    return f"{found[0][0].lower()}{found[0][1:]}" if found else ""


def stands_of(note: str, state: str, *, is_tested: bool) -> str:
    """Return how a hypothesis stands, beside how likely it is; empty where it was not tested."""
    if not is_tested and state != "ruled out":
        return ""
    return shared_with(note) or state


def plain_rule(text: str) -> str:
    """Return a rule's text (``latency rise (self): predicted``) in words; any other text as it is."""
    found = RULE.match(text)
    if found is None:
        return text
    what = f"{sign_told(found[1].replace(' ', '_'))} ({PLACES[found[2]]})"
    return f"{what}: {OUTCOMES.get(found[3], found[3])}" if found[3] else what


@cache
def _titles() -> Mapping[str, str]:
    specs = import_string(settings.SIGNS)
    return {slug: spec.title for slug, spec in specs.items()}


def sign_told(slug: str) -> str:
    """Return what may be found (``pool_saturation``) as people say it; an unknown one as its words."""
    return _titles().get(slug, slug.replace("_", " "))


def out_by_person(ruled_out_by: str) -> tuple[str, str]:
    """Return who ruled a hypothesis out and why; empty where the evidence did, or nobody."""
    if not ruled_out_by.startswith("person/"):
        return "", ""
    who, _, why = ruled_out_by.removeprefix("person/").partition(": ")
    return who, why


ALSO = "Also affected:"
NAMED = 6


def lead_of(happening: str) -> str:
    """Return what a diagnosis says of the symptom, without who else is hurt."""
    return happening.partition(ALSO)[0].strip()


def also_affected(happening: str, *, alerting: Iterable[str], place: str, is_over: bool) -> str:
    """Return who else is hurt, or was, as a sentence; empty where nobody is.

    Args:
        happening: What the diagnosis says: its evidence named some.
        alerting: Keys of the resources that alerted.
        place: The name of the resource that the incident is about.
        is_over: Whether it is told as something past.
    """
    seen = {name.strip() for name in happening.partition(ALSO)[2].strip(" .").split(",")}
    others = sorted({*seen, *(key.rpartition("/")[2] for key in alerting)} - {place, ""})
    if not others:
        return ""
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    was = "Was" if len(others) == 1 else "Were"
    return f"{f'{was} also affected:' if is_over else ALSO} {', '.join(others[:NAMED])}{more}."


CLOSED_FOR_ANOTHER = "Another practice incident was started."


def closed_for(resolution: str) -> str:
    """Return what an incident was closed for though nothing mended it, as ``another … was started``."""
    text = CLOSED_FOR_ANOTHER.removesuffix(".")
    return f"{text[0].lower()}{text[1:]}" if resolution == CLOSED_FOR_ANOTHER else ""


def length(seconds: float) -> str:
    """Return a duration at two units."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def change_told(text: str) -> str:
    """Return a blamed change (``rollout “v42”, 3 min before``), and before what it was."""
    return f"{text} the report" if text.endswith((" before", " after")) else text


def blames(text: str) -> str:
    """Return a sentence of the change that a cause blames (``rollout “v42”, 3 min before``)."""
    return f"It blames this {change_told(text)}."
