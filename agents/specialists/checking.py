"""A specialist that works by checks: it looks for every feature it owns, in bulk queries."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from agents.case import Case
from agents.detectors.shifts import compare
from agents.enums import AgentName, Presence
from agents.faults.registry import FAULTS
from agents.features import FEATURES
from agents.findings import Cause, Finding
from agents.specialists.phrasing import quantity
from agents.specialists.reader import Reader
from telemetry.types import TelemetryKind

Check = Callable[[Reader], Iterator[Finding]]
STRENGTH_ORDER = {Presence.PRESENT: 0, Presence.UNKNOWN: 1, Presence.ABSENT: 2}


@dataclass(frozen=True)
class CheckingSpecialist:
    """One domain's agent: a charter and the checks it runs."""

    name: AgentName
    charter: str
    checks: tuple[Check, ...]

    def gather(self, case: Case) -> Iterator[Finding]:
        """Run every check over the scope; yield what is there, then what could not be asked."""
        reader = Reader(case, self.name)
        for check in self.checks:
            found = [f for f in check(reader) if f.presence is Presence.PRESENT]
            yield from sorted(found, key=lambda f: -f.strength)
        yield from reader.gaps.values()

    def examine(self, case: Case, cause: Cause, known: Sequence[Finding]) -> Iterator[Finding]:
        """Look for what the cause's model predicts in this domain and nobody has looked for."""
        model = FAULTS.get(cause.fault_class)
        if model is None:
            return
        wanted = {p.feature for p in model.predictions if FEATURES[p.feature].owner is self.name}
        if not wanted:
            return
        near = {cause.resource, *case.graph.callees(cause.resource),
                *case.graph.callers(cause.resource), *(s.resource for s in case.symptoms)}  # fmt: skip
        seen = {(f.feature, f.resource, f.peer, f.change_id) for f in known}
        for finding in self._look(case, wanted):
            key = (finding.feature, finding.resource, finding.peer, finding.change_id)
            is_near = finding.resource in near or finding.peer in near
            if is_near and key not in seen:
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
        return None

    def _look(self, case: Case, features: set[str]) -> Iterator[Finding]:
        reader = Reader(case, self.name)
        for check in self.checks:
            for finding in check(reader):
                if finding.feature in features:
                    yield finding

    def _recheck(self, case: Case, claim: Finding) -> Finding | None:
        """Read the claim's own series anew at three times the step, and compare again."""
        name = claim.sample.get("series")
        coarse = replace(case, step_seconds=case.step_seconds * 3)
        catalogue = coarse.sources.metrics.catalogue((claim.resource,), case.window)
        refs = [r for r in catalogue.data if r.name == name and r.peer == claim.peer]
        if not refs:
            return None
        whole = Reader(coarse, self.name).whole
        result = coarse.sources.metrics.read(refs, whole, step_seconds=coarse.step_seconds)
        for series in result.data:
            shift = compare(series.times, series.values,
                            baseline_end=case.baseline.end.timestamp())  # fmt: skip
            if shift is None:
                continue
            falling = compare(series.times, series.values, falling=True,
                              baseline_end=case.baseline.end.timestamp())  # fmt: skip
            holds = max(abs(shift.score), abs(falling.score) if falling else 0.0) > 4
            level = quantity(shift.peak, series.ref.unit)
            usual = quantity(shift.baseline, series.ref.unit)
            verb = "holds" if holds else "does not hold"
            return replace(
                claim,
                agent=self.name,
                presence=Presence.PRESENT if holds else Presence.ABSENT,
                claim=f"Re-read at {coarse.step_seconds:g} s steps, it {verb}: {claim.resource.name} "
                f"reaches {level}, usually {usual}.",
                provenance=result.provenance,
            )
        return None
