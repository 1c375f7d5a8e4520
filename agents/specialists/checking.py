"""A specialist that works by checks: it looks for every feature it owns, in bulk queries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agents.case import Case
from agents.detectors.shifts import SMOOTHING, compare
from agents.enums import AgentName, Presence
from agents.faults.registry import FAULTS
from agents.features import FEATURES
from agents.findings import Cause, Finding
from agents.specialists.metric_checks import (
    check_complaints,
    check_metrics,
    is_beyond,
    semantics_of,
    smoothing_of,
)
from agents.specialists.metric_rules import RULES, RuleShape
from agents.specialists.reader import Check, Reader, earliest_symptom
from agents.specialists.scan_checks import FEATURE as SERIES_ANOMALY
from agents.specialists.scan_checks import check_series
from telemetry.phrasing import clock, quantity
from telemetry.types import ResourceRef, TelemetryKind, TimeWindow

PART = 0.5
# A scope of fewer resources is read as soon as the complaint alone.
MANY = 8
# A re-read is at so many times the step: the coarsest that still tells what has just begun.
COARSER = (3, 2)
STRENGTH_ORDER = {Presence.PRESENT: 0, Presence.UNKNOWN: 1, Presence.ABSENT: 2}


@dataclass(frozen=True)
class CheckingSpecialist:
    """One domain's agent: a charter and the checks it runs."""

    name: AgentName
    charter: str
    checks: tuple[Check, ...]

    def gather(self, case: Case) -> Iterator[Finding]:
        """Run every check over the scope; yield what is there, then what could not be asked.

        What is complained of comes first, of a query of its own: nobody waits for the whole scope
        to see that the alert is true.
        """
        first = {} if len(case.affected) < MANY else {
            f.key: f for f in check_complaints(case, self.name)
        }  # fmt: skip
        yield from first.values()
        reader = Reader(case, self.name)
        for check in self.checks:
            found = [f for f in reader.found(check) if f.presence is Presence.PRESENT]
            yield from sorted((f for f in found if f.key not in first), key=lambda f: -f.strength)
        yield from reader.gaps.values()

    def examine(
        self, case: Case, causes: Sequence[Cause], known: Sequence[Finding]
    ) -> Iterator[Finding]:
        """Look for what the causes' models predict in this domain and nobody has looked for."""
        wanted: dict[str, set[ResourceRef]] = {}
        symptoms = {s.resource for s in case.symptoms}
        for cause in causes:
            model = FAULTS.get(cause.fault_class)
            near = {
                cause.resource,
                *case.graph.callees(cause.resource),
                *case.graph.callers(cause.resource),
                *symptoms,
            }
            for prediction in model.predictions if model else ():
                if FEATURES[prediction.feature].owner is self.name:
                    wanted.setdefault(prediction.feature, set()).update(near)
        if self.name is AgentName.NETWORK:
            wanted.setdefault("recovered", set()).update(symptoms)
        seen = {(f.feature, f.resource, f.peer, f.change_id) for f in known}
        for finding in self._look(case, set(wanted)):
            key = (finding.feature, finding.resource, finding.peer, finding.change_id)
            near = wanted[finding.feature]
            if (finding.resource in near or finding.peer in near) and key not in seen:
                seen.add(key)
                yield finding

    def challenge(self, case: Case, claim: Finding) -> Finding | None:
        """Re-check a claim by another feature that would show the same, or at another resolution."""
        spec = FEATURES.get(claim.feature)
        if spec is None:
            return None
        others = {f for f in spec.corroborated_by if FEATURES[f].owner is self.name}
        matches = [
            f for f in self._look(case, others)
            if claim.resource in {f.resource, f.peer}
        ] if others else []  # fmt: skip
        if matches:
            return min(matches, key=lambda f: (STRENGTH_ORDER[f.presence], -f.strength))
        if claim.kind is TelemetryKind.METRIC and spec.owner is not self.name:
            return self._recheck(case, claim)
        return self._again(case, claim) if spec.owner is self.name else None

    def reread(self, case: Case, claim: Finding, *, until: datetime) -> Finding | None:
        """Ask another agent's question of series anew at a coarser step, by the claim's own rule."""
        spec = FEATURES.get(claim.feature)
        coarse = _coarser(case, claim, until)
        if spec is None or claim.kind is not TelemetryKind.METRIC or coarse is None:
            return None
        asked = (claim.feature, claim.resource, claim.peer)
        reader = Reader(coarse, spec.owner)
        for found in check_metrics(reader):
            if (found.feature, found.resource, found.peer) == asked:
                sent = reader.metrics(semantics_of(spec.owner)).provenance
                return replace(
                    found, agent=self.name,
                    claim=f"Read again at {coarse.step_seconds:g} s steps: {found.claim}",
                    extra_provenance=(*found.extra_provenance, sent),
                )  # fmt: skip
        return None

    def _again(self, case: Case, claim: Finding) -> Finding | None:
        """Ask the claim's own question of a part of the window: a fluke does not show in it.

        Series up to the middle, lines and traces from the middle on. What is no course in time
        cannot be asked so.
        """
        if claim.kind not in {TelemetryKind.METRIC, TelemetryKind.LOG, TelemetryKind.TRACE}:
            return None
        window = case.window
        began = max(window.start, min(earliest_symptom(case), window.end))
        middle = began + PART * (window.end - began)
        is_series = claim.kind is TelemetryKind.METRIC
        part = (
            TimeWindow(window.start, middle) if is_series and middle > window.start
            else TimeWindow(middle, window.end)
        )  # fmt: skip
        if part.duration.total_seconds() <= 0 or part == window:
            return None
        shown = f"{clock(part.start.timestamp())} to {clock(part.end.timestamp())}"
        for found in self._look(replace(case, window=part, memo={}), {claim.feature}):
            if found.key == claim.key and found.presence is not Presence.UNKNOWN:
                return replace(found, claim=f"Asked of {shown} alone: {found.claim}")
        return None

    def _look(self, case: Case, features: set[str]) -> Iterator[Finding]:
        if not features:
            return
        reader = Reader(case, self.name)
        for check in self.checks:
            if check is check_series and SERIES_ANOMALY not in features:
                continue  # It reads every series there is.
            for finding in reader.found(check):
                if finding.feature in features:
                    yield finding

    def _recheck(self, case: Case, claim: Finding) -> Finding | None:
        """Read the claim's own series anew at three times the step, and apply its rule again."""
        rule = next((r for r in RULES if r.feature == claim.feature), None)
        if rule is None or rule.shape not in {RuleShape.SHIFT, RuleShape.LEVEL}:
            return None
        step = case.step_seconds * 3
        catalogue = case.sources.metrics.catalogue((claim.resource,), case.window)
        name = claim.sample.get("series")
        refs = [r for r in catalogue.data if r.name == name and r.peer == claim.peer]
        if not refs:
            return None
        whole = Reader(case, self.name).whole
        result = case.sources.metrics.read(refs, whole, step_seconds=step)
        for series in result.data:
            shift = compare(
                series.times, series.values, baseline_end=case.baseline.end.timestamp(),
                falling=rule.falling, smoothing=smoothing_of(rule, series),
            )  # fmt: skip
            if shift is None:
                continue
            holds = is_beyond(rule, shift)
            level = quantity(shift.peak, series.ref.unit)
            usual = quantity(shift.baseline, series.ref.unit)
            return replace(
                claim,
                agent=self.name,
                presence=Presence.PRESENT if holds else Presence.ABSENT,
                claim=f"Re-read at {step:g} s steps, it {'holds' if holds else 'does not hold'}: "
                f"{claim.resource.name} reaches {level}, usually {usual}.",
                provenance=result.provenance,
            )
        return None


def _coarser(case: Case, claim: Finding, until: datetime) -> Case | None:
    """Return the case at a coarser step, and so much longer that a level can be told since the claim.

    None where so much time has not passed yet.
    """
    began = max(claim.onset_at or earliest_symptom(case), case.window.start)
    for factor in COARSER:
        step = factor * case.step_seconds
        end = max(case.window.end, began + timedelta(seconds=(SMOOTHING + 1) * step))
        if end <= until:
            window = TimeWindow(case.window.start, end)
            return replace(case, window=window, step_seconds=step, memo={})
    return None
