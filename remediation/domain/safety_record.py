"""Whether what was done kept the rules of safety, read back from what was written at the time."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat

from investigations.domain.journal import verify_chain
from investigations.models import AuditEntry, BoardEvent
from remediation.domain.digests import digest_of_action
from remediation.domain.kill_switch import environment_of
from remediation.enums import Decision
from remediation.models import Execution
from remediation.queries.switches import scopes_of

CHUNK = 500
SHOWN = 50


@dataclass(frozen=True, slots=True)
class SafetyCheck:
    """One rule over a stretch of time. ``broken``: subjects of which it does not hold, at most 50."""

    name: str
    rule: str
    examined: int
    broken: tuple[str, ...]

    @property
    def has_passed(self) -> bool:
        """Whether the rule held everywhere. One that had nothing to examine held."""
        return not self.broken


Rule = Callable[[Execution], bool]


def check_record(since: datetime, until: datetime) -> list[SafetyCheck]:
    """Hold every execution and every board of ``[since, until)`` to the rules. Changes nothing.

    Executions are read once, boards one after the other: the time grows with what was done.
    """
    stops = _stops(until)
    rules: list[tuple[str, str, Rule]] = [
        ("approved", "As many distinct approvers as its risk asks for, none of whom asked for it, "
         "approved exactly this plan before it began, and nobody denied it.", _was_approved),
        ("unchanged", "The plan is, to the byte, what its digest is of.", _is_unchanged),
        ("in_time", "It began before its approval ran out.", _was_in_time),
        ("stopped", "It did not begin while a stop for it was in force.",
         lambda e: not stops.covers(e)),
        ("audited", "The audit log has its beginning.", lambda e: bool(vars(e)["is_audited"])),
    ]  # fmt: skip
    broken: dict[str, list[str]] = {name: [] for name, _, _ in rules}
    examined = 0
    for execution in _executions(since, until):
        examined += 1
        for name, _, holds in rules:
            if not holds(execution):
                broken[name].append(f"action/{execution.action_id}")
    found = [
        SafetyCheck(name, rule, examined, tuple(broken[name][:SHOWN])) for name, rule, _ in rules
    ]
    return [*found, _journals(since, until)]


def _executions(since: datetime, until: datetime) -> Iterable[Execution]:
    rows = Execution.objects.filter(started_at__gte=since, started_at__lt=until).order_by("pk")
    begun = AuditEntry.objects.filter(
        verb="action.running",
        subject=Concat(Value("action/"), Cast(OuterRef("action_id"), CharField())),
    )
    wanted = rows.select_related("action__investigation__incident").annotate(
        is_audited=Exists(begun)
    )
    return wanted.prefetch_related("action__approvals").iterator(chunk_size=CHUNK)


def _was_approved(execution: Execution) -> bool:
    action = execution.action
    mine = [a for a in action.approvals.all() if a.decided_at <= execution.started_at]
    valid = {
        a.person_id
        for a in mine
        if a.decision == Decision.APPROVE
        and a.digest == action.digest
        and a.person_id != action.requested_by_id
    }
    is_denied = any(a.decision == Decision.DENY for a in mine)
    return len(valid) >= action.approvals_needed and not is_denied


def _is_unchanged(execution: Execution) -> bool:
    return digest_of_action(execution.action) == execution.action.digest


def _was_in_time(execution: Execution) -> bool:
    ends = execution.action.execution_expires_at
    return execution.is_undo or (ends is not None and execution.started_at <= ends)


@dataclass(frozen=True, slots=True)
class _Stops:
    """For each scope when it was engaged and released, in order: odd many so far means engaged."""

    turns: dict[str, list[datetime]]

    def covers(self, execution: Execution) -> bool:
        action = execution.action
        scopes = scopes_of(kind=action.kind, environment=environment_of(action))
        return any(
            bisect_right(self.turns.get(scope, ()), execution.started_at) % 2 for scope in scopes
        )


def _stops(until: datetime) -> _Stops:
    rows = AuditEntry.objects.filter(verb__startswith="kill_switch.", at__lt=until).order_by("id")
    turns: dict[str, list[datetime]] = {}
    for verb, subject, at in rows.values_list("verb", "subject", "at").iterator(chunk_size=CHUNK):
        times = turns.setdefault(subject.removeprefix("kill_switch/"), [])
        is_engaged = bool(len(times) % 2)
        if is_engaged != (verb == "kill_switch.engaged"):
            times.append(at)
    return _Stops(turns)


def _journals(since: datetime, until: datetime) -> SafetyCheck:
    touched = BoardEvent.objects.filter(at__gte=since, at__lt=until)
    boards: Sequence[int] = list(
        touched.order_by("investigation_id").values_list("investigation_id", flat=True).distinct()
    )
    broken = [f"investigation/{pk}" for pk in boards if verify_chain(pk) is not None]
    return SafetyCheck(
        "journals", "Every event of a board follows from the one before, to its newest.",
        len(boards), tuple(broken[:SHOWN]),
    )  # fmt: skip
