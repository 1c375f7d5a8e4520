"""How far each action is trusted: the gate's criteria with their values."""

from dataclasses import dataclass
from math import sqrt

from django.db.models import Case, Exists, OuterRef, Q, When

from remediation.enums import Autonomy
from remediation.models import ActionFeedback, ActionOutcome, AutonomyRecord, FeedbackValue
from telemetry.phrasing import counted

WANTED_RUNS = 30
WANTED_LOWER_BOUND = 0.90
Z = 1.96
# Of an outcome: a person says that the action did harm.
HARMED = Exists(ActionFeedback.objects.filter(outcome=OuterRef("pk"), value=FeedbackValue.HARMED))


@dataclass(frozen=True, slots=True)
class GateRow:
    """One (action, service) and where it stands before the gate."""

    kind: str
    service: str
    phase: str
    runs: int
    helped: int
    undone: int
    lower_bound: float
    reason: str

    @property
    def criteria(self) -> list[tuple[str, str, bool]]:
        """Return each criterion, its value beside the threshold, and whether it is met."""
        return [
            ("runs approved by people", f"{self.runs}, needs {WANTED_RUNS}", self.runs >= WANTED_RUNS),
            ("success, lower bound (Wilson 95%)",
             f"{self.lower_bound:.0%}, needs {WANTED_LOWER_BOUND:.0%}",
             self.lower_bound >= WANTED_LOWER_BOUND),
            ("undone or harmful", f"{self.undone} of {counted(self.runs, 'run')}, none allowed",
             self.undone == 0),
        ]  # fmt: skip


def wilson_lower_bound(successes: int, runs: int) -> float:
    """Return the lower end of Wilson's 95 % interval (Wilson 1927); 0 without runs."""
    if runs == 0:
        return 0.0
    share = successes / runs
    spread = Z * sqrt(share * (1 - share) / runs + Z * Z / (4 * runs * runs))
    return max(0.0, (share + Z * Z / (2 * runs) - spread) / (1 + Z * Z / runs))


def list_gates(*, limit: int = 200) -> list[GateRow]:
    """Return every pair that has run, most runs first. Two queries.

    Only what was measured counts: a person's word about what could not be earns no autonomy. That one
    did harm counts, whatever was measured.
    """
    records = {(r.kind, r.service): r for r in AutonomyRecord.objects.all()[:limit]}
    counts: dict[tuple[str, str], list[int]] = {}
    outcomes = (
        ActionOutcome.objects.filter(is_measured=True)
        .annotate(is_bad=Case(When(Q(was_undone=True) | HARMED, then=True), default=False))
        .values_list("kind", "service", "helped", "is_bad")
    )
    for kind, service, helped, is_bad in outcomes[:20_000]:
        found = counts.setdefault((kind, service), [0, 0, 0])
        found[0] += 1
        found[1] += helped
        found[2] += is_bad
    rows = []
    for pair, (runs, good, bad) in counts.items():
        record = records.get(pair)
        rows.append(
            GateRow(*pair, record.phase if record else Autonomy.ASSIST.value, runs, good, bad,
                    wilson_lower_bound(good, runs), record.reason if record else "")
        )  # fmt: skip
    return sorted(rows, key=lambda r: -r.runs)
