"""Running the product's own investigation on one recorded case, and keeping what it concluded."""

import json
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from agents.case import Symptom
from agents.engine import investigate
from agents.findings import Finding
from agents.reconciler.outcome import Outcome, Ranked
from agents.reconciler.relevance import is_over
from agents.reconciler.scoring import shares_of
from agents.reconciler.weights import factor_of
from agents.scoping import build_case
from sre_workspace.evaluation.perturbing import Perturbed, perturb
from sre_workspace.evaluation.variants import FULL, LEAD, Variant
from telemetry.adapters.recorded import RecordingError, open_recording
from telemetry.ask import guarded
from telemetry.types import ResourceRef

KEPT_CAUSES = 12
KEPT_EVIDENCE = 4


@dataclass(frozen=True, slots=True)
class RankedCause:
    """One candidate as the reconciler left it.

    Attributes:
        base: Decibans of its prior and of the topology.
        terms: What each piece of evidence adds by the stated weights, in decibans, by its kind
            (``feature/presence``): learned factors are taken out.
        kinds: How many kinds of telemetry support it.
    """

    resource: str
    fault_class: str
    change_id: str
    probability: float
    evidence: list[str] = field(default_factory=list)
    base: float = 0.0
    terms: list[tuple[str, float]] = field(default_factory=list)
    kinds: int = 0


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one case came to.

    ``error`` names what could not be read; then nothing was concluded. ``failed``: verdict rules
    that were not met. ``answered``: how many kinds of telemetry answered. ``is_open``: an answer
    that is still out could put another resource first. ``is_over``: what was complained of is back
    to normal, so that nothing may be wrong any more.
    """

    case_id: str
    verdict: str
    confidence: float | None
    causes: list[RankedCause]
    affected: list[str]
    gaps: list[str]
    seconds: float
    peak_mb: float
    error: str = ""
    failed: list[str] = field(default_factory=list)
    answered: int = 0
    is_open: bool = False
    is_over: bool = False

    @property
    def lead(self) -> RankedCause | None:
        """The cause that is claimed; None without any, and where no fault is said to last."""
        return self.causes[0] if self.causes and self.verdict != "no_fault" else None

    def as_json(self) -> dict[str, object]:
        """Return it as JSON-able values."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, object]) -> "CaseResult":
        """Read what :meth:`as_json` wrote."""
        causes = [RankedCause(**c) for c in found.pop("causes")]  # type: ignore[attr-defined]  # ours
        return cls(causes=causes, **found)  # type: ignore[arg-type]  # written by us


def run_case(path: Path, variant: Variant = FULL) -> CaseResult:
    """Investigate one recorded case; deterministic for the same file and variant."""
    began = time.monotonic()
    case_id = case_id_of(path)
    try:
        perturbed = Perturbed(open_recording(path))
    except RecordingError as error:
        return CaseResult(case_id, "error", None, [], [], [], 0.0, _peak_mb(), str(error))
    if variant.perturbation:
        perturbed = perturb(perturbed.recording, variant.perturbation, case_id)
    recording = perturbed.recording
    alert = recording.alert
    window, baseline = variant.windows(recording.window, recording.baseline)
    started_at = min(window.start + LEAD, window.start + window.duration / 2)
    if not variant.is_fault_free:
        started_at = alert.starts_at
    symptom = Symptom(alert.resource, started_at, alert.summary, alert.semantic)
    sources = guarded(variant.sources(recording.sources), deadline_seconds=60)
    case = build_case(sources, (symptom,), window, baseline)
    findings: list[Finding] = []
    outcome = investigate(case, plan=variant.plan, weighed=findings)
    seconds = time.monotonic() - began
    result = CaseResult(
        case_id=case_id, verdict=outcome.verdict, confidence=outcome.confidence,
        causes=[_kept(r, findings, outcome.shown(r)) for r in outcome.ranked[:KEPT_CAUSES]],
        affected=_affected(outcome, findings), gaps=sorted(set(outcome.gaps)), seconds=seconds,
        peak_mb=_peak_mb(), failed=[r.name for r in outcome.rules if not r.passed],
        answered=len(outcome.sources_answered),
        is_open=outcome.claim is not None and outcome.claim.is_open, is_over=is_over(findings),
    )  # fmt: skip
    return _restored(result, perturbed)


def _restored(result: CaseResult, perturbed: Perturbed) -> CaseResult:
    """Return the result with resources called as the recording called them."""
    if not perturbed.originals:
        return result
    causes = [replace(c, resource=perturbed.original(c.resource)) for c in result.causes]
    return replace(result, causes=causes, affected=[perturbed.original(a) for a in result.affected])


def _kept(ranked: Ranked, findings: Sequence[Finding], shown: float) -> RankedCause:
    stances = ranked.scored.stances
    shares = shares_of(stances, findings)
    added = [s.decibans * share for s, share in zip(stances, shares, strict=True)]
    terms = [(s.term, round(a / factor_of(s.term), 2)) for s, a in zip(stances, added, strict=True)]
    strongest = [s for s in stances if s.decibans >= 1][:KEPT_EVIDENCE]
    return RankedCause(
        str(ranked.cause.resource), ranked.cause.fault_class, ranked.cause.change_id,
        round(shown, 4), [findings[s.index].claim for s in strongest],
        round(ranked.scored.total - sum(added), 2), terms, len(ranked.scored.kinds),
    )  # fmt: skip


def _affected(outcome: Outcome, findings: Sequence[Finding]) -> list[str]:
    """Return the resources that latency or errors rose on, the leader's own first."""
    rising = {f.resource for f in findings
              if f.feature in {"latency_rise", "error_rise"} and f.presence == "present"}  # fmt: skip
    leader = outcome.leader.cause.resource if outcome.leader else None
    return [str(r) for r in sorted(rising, key=lambda r: (r != leader, r))]


def case_id_of(path: Path) -> str:
    """Return a case's id from its file or folder."""
    return path.name.removesuffix(".xz").removesuffix(".json")


def name_of(resource_key: str) -> str:
    """Return the plain name of a resource's key."""
    return ResourceRef.parse(resource_key).name


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read_results(kept: Path) -> Iterator[CaseResult]:
    """Read results that an evaluation kept; nothing if there is no such file."""
    if kept.is_file():
        for line in kept.read_text(encoding="utf-8").splitlines():
            yield CaseResult.from_json(json.loads(line))
