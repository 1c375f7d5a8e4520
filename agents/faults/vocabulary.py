"""A person's words to a cause that can be tested: no model, a published table of words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.faults.registry import FAULTS
from telemetry.types import ResourceKind, ResourceRef


@dataclass(frozen=True, slots=True)
class Reading:
    """What words were taken to mean. ``note`` says so in a sentence, or what is missing."""

    resource: ResourceRef | None
    fault_class: str
    note: str


def match_text(text: str, resources: Sequence[ResourceRef], symptom: ResourceRef) -> Reading:
    """Read a hypothesis in plain words.

    The longest phrase of a fault model's words that occurs decides the class. The resource is the
    one named; for "a to b" the second; else the symptom's. Without a class it stays a free claim.
    """
    words = f" {re.sub(r'[^a-z0-9-]+', ' ', text.lower())} "
    best: tuple[int, str] | None = None
    for model in FAULTS.values():
        for phrase in (*model.words, model.slug.replace("_", " ")):
            if re.search(rf"(?<![a-z]){re.escape(phrase)}(?:s|es|ed)?(?![a-z])", words):
                found = (len(phrase), model.slug)
                if best is None or found[0] > best[0]:
                    best = found
    named = _named(words, resources)
    if best is None:
        note = "No fault class matches these words: it stays a claim for people to test."
        return Reading(named[-1] if named else None, "", note)
    model = FAULTS[best[1]]
    resource = _pick(named, model.kinds, resources, symptom)
    return Reading(resource, model.slug, f"{model.title} at {resource.name}")


def _named(words: str, resources: Sequence[ResourceRef]) -> list[ResourceRef]:
    """Return the resources whose names occur, in the order of the text; the longest names win."""
    found: list[tuple[int, ResourceRef]] = []
    taken: list[range] = []
    for resource in sorted(resources, key=lambda r: -len(r.name)):
        at = re.search(rf"(?<![a-z0-9-]){re.escape(resource.name.lower())}(?![a-z0-9])", words)
        if at and not any(at.start() in span for span in taken):
            taken.append(range(*at.span()))
            found.append((at.start(), resource))
    return [resource for _, resource in sorted(found, key=lambda item: item[0])]


def _pick(
    named: list[ResourceRef],
    kinds: tuple[ResourceKind, ...],
    resources: Sequence[ResourceRef],
    symptom: ResourceRef,
) -> ResourceRef:
    fitting = [r for r in named if not kinds or r.kind in kinds]
    if fitting or named:
        return (fitting or named)[-1]
    only = [r for r in resources if r.kind in kinds]
    return only[0] if len(only) == 1 else symptom
