"""The whole loop in one process, without a board: for tables, tests and measuring."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.case import Case
from agents.enums import SPECIALISTS, AgentName, Presence
from agents.findings import Finding
from agents.reconciler.decide import decide, rank
from agents.reconciler.outcome import Outcome
from agents.reconciler.propose import propose
from agents.reconciler.scoring import Scored
from agents.specialists.registry import REGISTRY

EXAMINED = 6
CHALLENGED = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """Which parts of the loop take part: all of them, unless one measures what a part is worth.

    Attributes:
        examines: Whether specialists look for what the candidates' models predict elsewhere.
        challenges: Whether the leader's evidence is re-checked; if not, that rule is not applied.
    """

    specialists: tuple[AgentName, ...] = SPECIALISTS
    examines: bool = True
    challenges: bool = True


WHOLE = Plan()


def investigate(case: Case, *, plan: Plan = WHOLE, weighed: list[Finding] | None = None) -> Outcome:
    """Gather, propose, examine, challenge, decide. Deterministic for the same telemetry.

    As on the board, the newest answer to a question counts, and what a challenge finds is no finding
    of its own. ``weighed`` is filled with the findings that the outcome's indices refer to.
    """
    latest: dict[str, Finding] = {}
    for name in plan.specialists:
        for finding in REGISTRY[name].gather(case):
            latest[finding.key] = finding
    known = list(latest.values())
    causes = [candidate.cause for candidate in propose(known, case)[:EXAMINED]]
    for name in plan.specialists if plan.examines else ():
        for finding in REGISTRY[name].examine(case, causes, tuple(known)):
            latest[finding.key] = finding
    findings = list(latest.values())
    if weighed is not None:
        weighed[:] = findings
    candidates = propose(findings, case)
    challenged = challenge_leader(case, candidates, findings, plan) if plan.challenges else None
    return decide(candidates, findings, case, challenged=challenged)


def to_challenge(
    candidates: Sequence[Scored], findings: Sequence[Finding], case: Case
) -> list[int]:
    """Return the leader's strongest evidence that has not been challenged, by index."""
    ranked, _ = rank(candidates, findings, case)
    if not ranked:
        return []
    support = [s for s in ranked[0].scored.stances if s.decibans >= 2]
    return [s.index for s in support[: CHALLENGED + 3]]


def challengers(claim: Finding) -> list[AgentName]:
    """Return who re-checks a claim: the other specialists first, then its own with other data."""
    return sorted(SPECIALISTS, key=lambda name: name is claim.agent)


def held(claim: Finding | None, answer: Finding) -> bool:
    """Whether an answer to a challenge bears the challenged claim out: that it is there, or is not."""
    return answer.presence is (claim.presence if claim else Presence.PRESENT)


def challenge_leader(
    case: Case,
    candidates: Sequence[Scored],
    findings: Sequence[Finding],
    plan: Plan = WHOLE,
) -> dict[int, bool]:
    """Let other specialists re-check the leader's strongest evidence."""
    challenged: dict[int, bool] = {}
    for index in to_challenge(candidates, findings, case):
        if len(challenged) >= CHALLENGED:
            break
        for name in challengers(findings[index]):
            if name not in plan.specialists:
                continue
            answer = REGISTRY[name].challenge(case, findings[index])
            if answer is not None:
                challenged[index] = held(findings[index], answer)
                break
    return challenged
