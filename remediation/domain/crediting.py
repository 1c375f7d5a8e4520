"""Whether what is fine after an act is its doing: only what was wrong before it can show that."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings

from remediation.enums import VerificationPhase
from remediation.models import VerificationRun
from remediation.verification.before import Before, look_back
from remediation.verification.meanings import plain
from remediation.verification.measure import Measurement, learn_step, place_of
from remediation.verification.seen import Seen
from remediation.verification.witnesses import see, symptoms_of

Phase = VerificationPhase
# The first new sample may be a whole interval away, and one may be missing.
SPARE_SAMPLES = 3
UNREAD = "What it was like before the change could not be read, so nothing can be told of whether it helped."


@dataclass(frozen=True, slots=True)
class Credit:
    """A verdict with what was measured for it.

    ``told``: what shows the effect where the alarm cannot, or why nothing does. ``is_by_alarm``: what
    raised the alarm itself came back. ``may_be_its``: nothing else that ran takes the effect from it;
    ``beside``: what ran at the same time and does not.
    """

    phase: VerificationPhase
    rows: list[Measurement]
    told: str = ""
    is_by_alarm: bool = True
    may_be_its: bool = True
    beside: str = ""


def effect_of(judged: Credit, health: VerificationPhase) -> str:
    """Return what a verdict says of the cause that was treated: ``helped``, ``no_help`` or nothing.

    ``no_help`` only where the change verifiably took effect (its target is well), and something
    judged was out of range before it and still is. A rollout that was given up, what was well before
    and is not since, and what nobody could read say nothing of the cause.
    """
    if judged.phase is Phase.PASSED:
        return "helped"
    if judged.phase is not Phase.FAILED or health is not Phase.PASSED:
        return ""
    went_on = [r for r in judged.rows if not r.is_witness and r.phase == Phase.FAILED
               and r.before == Seen.OUT_OF_RANGE]  # fmt: skip
    worse = [r for r in judged.rows if r.phase == Phase.FAILED and r.before == Seen.IN_RANGE]
    return "no_help" if went_on and not worse else ""


def step_of(run: VerificationRun) -> float:
    """Return how far apart new samples are, learnt once; the deadline then leaves time for enough.

    While the source does not answer it is the least there is, and the next look asks again.
    """
    if run.step_seconds:
        return run.step_seconds
    learnt = learn_step(run.action.investigation)
    if learnt is None:
        return settings.VERIFY_STEP_SECONDS
    needed = timedelta(seconds=(settings.VERIFY_SAMPLES + SPARE_SAMPLES) * learnt)
    run.step_seconds, run.deadline = learnt, max(run.deadline, run.settle_until + needed)
    VerificationRun.objects.filter(pk=run.pk, step_seconds=0.0).update(
        step_seconds=learnt, deadline=run.deadline
    )
    return learnt


def keep_before(action_id: int) -> None:
    """Look once at how it was right before an act that has just been done. Idempotent.

    Nothing is kept while the source does not answer: the next look asks again.
    """
    run = VerificationRun.objects.filter(action=action_id, before={}).first()
    if run is not None:
        _before(run)


def _before(run: VerificationRun) -> Before | None:
    known = Before.from_row(run.before)
    if known is not None:
        return known
    action = run.action
    began = action.executions.get(is_undo=False).started_at
    found = look_back(
        action.investigation, at=began, step_seconds=step_of(run),
        symptoms=symptoms_of(action.diagnosis, target=action.target),
    )  # fmt: skip
    if found is not None:
        run.before = found.as_row()
        # Whoever looked first is believed: later, more of the past may be gone.
        VerificationRun.objects.filter(pk=run.pk, before={}).update(before=run.before)
    return found


def credit(
    run: VerificationRun, phase: VerificationPhase, rows: list[Measurement], *, now: datetime,
    is_late: bool,
) -> Credit:  # fmt: skip
    """Return the verdict once it is known how it was before the act.

    A success stays one where something judged was out of its range before, or where a symptom that
    the diagnosis cites was there before and is over now. Else it is INCONCLUSIVE when the time is
    up. A failure stays one: what was fine before and is not after is worse.
    """
    before = _before(run)
    if before is not None:
        rows = [
            replace(r, before=str(before.seen.get(r.metric, r.before)),
                    before_value=before.values.get(r.metric))
            for r in rows
        ]  # fmt: skip
    if before is not None and before.is_telling:
        return Credit(phase, rows)
    # Looked at from the first time on, whatever the rest says: a table keeps its rows.
    seen = _seen(run, before, now=now, is_late=is_late) if before else []
    if phase is not Phase.PASSED:
        return Credit(phase, rows + seen)
    unsettled = Phase.INCONCLUSIVE if is_late else Phase.RUNNING
    if before is None:
        return Credit(unsettled, rows, UNREAD, is_by_alarm=False)
    over = [r for r in seen if r.phase == Phase.PASSED]
    if over:
        return Credit(Phase.PASSED, rows + seen, _effect(over, before), is_by_alarm=False)
    return Credit(unsettled, rows + seen, _untold(run, before), is_by_alarm=False)


def _seen(
    run: VerificationRun, before: Before, *, now: datetime, is_late: bool
) -> list[Measurement]:
    place = place_of(run.action.investigation, step_seconds=step_of(run))
    if place is None:
        return []
    return [
        see(place, w, since=run.settle_until, now=now, is_late=is_late) for w in before.witnesses
    ]


def _effect(over: list[Measurement], before: Before) -> str:
    names = "; ".join(plain(r.metric) for r in over)
    return (
        f"Out of range before it, in range since: {names}. "
        f"{_alarm(before)} in the usual range before it began already."
    )


def _untold(run: VerificationRun, before: Before) -> str:
    name = run.action.investigation.incident.resource.rpartition("/")[2]
    what = (
        f"{_alarm(before, name)} in the usual range" if before.alarm else "Nothing was out of range"
    )
    return f"{what} before the change began, so nothing can be told of whether it helped."


def _alarm(before: Before, resource: str = "") -> str:
    names = " and ".join(plain(name) for name in before.alarm) or "what raised the alarm"
    of = f" of {resource}" if resource else ""
    verb = "were" if len(before.alarm) > 1 else "was"
    return f"{names[0].upper()}{names[1:]}{of} {verb}"
