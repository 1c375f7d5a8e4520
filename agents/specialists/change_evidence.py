"""What is seen of a case that a change could have caused: effects and texts by resource."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.case import Case
from agents.detectors.diff_effects import OF_FEATURES, Effect, effects_of_text
from agents.detectors.log_templates import find_new, mine
from agents.enums import SPECIALISTS, Presence
from agents.specialists.log_checks import by_resource, topic_of
from agents.specialists.metric_checks import check_metrics
from agents.specialists.reader import Reader
from telemetry.types import ResourceRef

MAX_TEXTS = 60


@dataclass
class Evidence:
    """Effects and texts of errors, by the resource that shows them."""

    effects: dict[ResourceRef, set[Effect]] = field(default_factory=dict)
    texts: dict[ResourceRef, list[str]] = field(default_factory=dict)

    def add_text(self, resource: ResourceRef, text: str, *features: str) -> None:
        """Take in a line of an error, an alert or a span."""
        kept = self.texts.setdefault(resource, [])
        if text and text not in kept and len(kept) < MAX_TEXTS:
            kept.append(text)
        found = self.effects.setdefault(resource, set())
        found |= effects_of_text(text)
        for feature in features:
            found.update(OF_FEATURES.get(feature, ()))

    def at(self, resources: Iterable[ResourceRef]) -> tuple[frozenset[Effect], tuple[str, ...]]:
        """Return what these resources show."""
        known = list(dict.fromkeys(resources))
        effects = frozenset(e for r in known for e in self.effects.get(r, ()))
        return effects, tuple(text for r in known for text in self.texts.get(r, ()))


def gather_evidence(reader: Reader) -> Evidence:
    """Collect it once per case: alerts, shifted metrics, new lines of logs, failing spans."""
    return reader.case.once("change evidence", lambda: _collect(reader))


def _collect(reader: Reader) -> Evidence:
    case = reader.case
    found = Evidence()
    for symptom in case.symptoms:
        found.add_text(symptom.resource, symptom.summary)
    for name in SPECIALISTS:
        for finding in Reader(case, name).found(check_metrics):
            if finding.presence is Presence.PRESENT:
                found.add_text(finding.resource, "", finding.feature)
    _add_logs(reader, case, found)
    for span in reader.segments("window")[1].data:
        if span.is_error:
            told = " ".join(value for _, value in span.attributes if not value.isdigit())
            found.add_text(span.resource, f"{span.operation} {told}".strip())
    return found


def _add_logs(reader: Reader, case: Case, found: Evidence) -> None:
    before, after = (
        by_resource(reader.logs("baseline").data),
        by_resource(reader.logs("window").data),
    )
    for resource, lines in after.items():
        grown = find_new(
            mine(before.get(resource, [])), mine(lines),
            baseline_seconds=case.baseline.duration.total_seconds(),
            window_seconds=case.window.duration.total_seconds(), min_count=1,
        )  # fmt: skip
        for template in grown[:MAX_TEXTS]:
            found.add_text(resource, template.example, topic_of(template.example))
