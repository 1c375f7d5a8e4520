"""What approving costs people: how often they are asked, how long they take, how blindly they say yes."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.db.models.functions import Now

from investigations.enums import IncidentOrigin
from remediation.enums import Decision
from remediation.models import ActionOutcome, Approval

WINDOW = timedelta(days=30)
SHIFT_SECONDS = 8 * 3600
TOO_FAST_SECONDS = 5.0
ALARM_SHARE = 0.25
LIMIT = 5000


@dataclass(frozen=True, slots=True)
class Burden:
    """Figures of the last 30 days. Ratios 0..1; None where nothing was decided."""

    decisions: int
    people: int
    per_shift: float | None
    median_seconds: float | None
    too_fast_share: float | None
    false_action_share: float | None
    median_recovery_seconds: float | None
    runs: int

    @property
    def is_rubber_stamp(self) -> bool:
        """Whether too many approvals came faster than anybody can read."""
        return (self.too_fast_share or 0.0) > ALARM_SHARE


def read_burden(*, practice: bool) -> Burden:
    """Return what approvals cost, of real incidents or of practice. Two queries."""
    origin = IncidentOrigin.PRACTICE
    rows = Approval.objects.filter(decided_at__gt=Now() - WINDOW)
    done = ActionOutcome.objects.filter(recorded_at__gt=Now() - WINDOW)
    if practice:
        rows = rows.filter(action__investigation__incident__origin=origin)
        done = done.filter(action__investigation__incident__origin=origin)
    else:
        rows = rows.exclude(action__investigation__incident__origin=origin)
        done = done.exclude(action__investigation__incident__origin=origin)
    told = rows.values_list("person_id", "decision", "decided_at", "action__proposed_at")[:LIMIT]
    shifts: dict[int, set[int]] = defaultdict(set)
    taken, fast, approved = [], 0, 0
    for person_id, decision, decided_at, proposed_at in told:
        shifts[person_id].add(int(decided_at.timestamp() // SHIFT_SECONDS))
        seconds = max(0.0, (decided_at - proposed_at).total_seconds())
        taken.append(seconds)
        if decision == Decision.APPROVE:
            approved += 1
            fast += seconds < TOO_FAST_SECONDS
    outcomes = list(done.values_list("helped", "seconds_to_recover")[:LIMIT])
    recovered = [seconds for helped, seconds in outcomes if helped and seconds is not None]
    count = sum(len(s) for s in shifts.values())
    return Burden(
        decisions=len(taken), people=len(shifts), runs=len(outcomes),
        per_shift=len(taken) / count if count else None,
        median_seconds=median(taken) if taken else None,
        too_fast_share=fast / approved if approved else None,
        false_action_share=sum(not h for h, _ in outcomes) / len(outcomes) if outcomes else None,
        median_recovery_seconds=median(recovered) if recovered else None,
    )  # fmt: skip
