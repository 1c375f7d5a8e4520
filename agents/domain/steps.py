"""What each kind of work item does. Every write is fenced and idempotent by its step key."""

from collections.abc import Callable
from datetime import datetime

from agents.domain.casework import Casework, cause_of, live_hypotheses, open_case
from agents.domain.crash import crash_at
from agents.domain.interpret import interpret
from agents.domain.posting import lane_of, post_finding, set_status
from agents.engine import CHALLENGED, EXAMINED, to_challenge
from agents.enums import SPECIALISTS, AgentName, Presence, WorkKind
from agents.faults.registry import FAULTS
from agents.findings import Finding
from agents.models import WorkItem
from agents.reconciler.decide import decide, rank
from agents.reconciler.outcome import Outcome
from agents.reconciler.propose import propose
from agents.reconciler.scoring import Scored, score
from agents.scoping import scope_case
from agents.specialists.registry import REGISTRY
from investigations.domain import hypotheses, runs
from investigations.domain.board import write_entry
from investigations.domain.diagnoses import DiagnosisDraft, reach_diagnosis
from investigations.domain.hypotheses import Assessment, StanceDraft
from investigations.domain.journal import Fence, writing
from investigations.enums import (
    DiagnosisVerdict,
    EntryKind,
    HypothesisState,
    InvestigationState,
    SteeringKind,
    SteeringState,
    TestVerdict,
)
from investigations.models import Evidence, Hypothesis, ServiceDependency

MIN_PROPOSED_DECIBANS = 0.0
RECONCILER = AgentName.RECONCILER.author
Step = Callable[[WorkItem, Fence], None]


def run_step(item: WorkItem, fence: Fence) -> None:
    """Do one work item's work. The caller finishes the item."""
    STEPS[WorkKind(item.kind)](item, fence)


def _account(item: WorkItem, work: Casework) -> None:
    item.queries, item.rows = work.meter.queries, work.meter.rows
    item.seconds = work.meter.seconds
    runs.spend(
        investigation_id=item.investigation_id,
        seconds=work.meter.seconds,
        queries=work.meter.queries,
        rows=work.meter.rows,
    )


def _scope(item: WorkItem, fence: Fence) -> None:
    investigation = item.investigation
    work = open_case(investigation)
    case = work.case
    scope = scope_case(case.sources, case.symptoms, case.window, case.baseline)
    graph = scope.graph
    inside = set(scope.affected)
    data: dict[str, object] = {
        "affected": [str(r) for r in scope.affected],
        "resources": [str(r) for r in graph.resources],
        "edges": [[str(e.caller), str(e.callee)] for e in graph.edges],
        "runs_on": [[str(a), str(b)] for a, b in graph.runs_on if a in inside],
        "step_seconds": scope.step_seconds,
        "notes": list(scope.notes),
        "plan": {name.value: REGISTRY[name].charter for name in SPECIALISTS},
    }
    _learn_topology([(str(e.caller), str(e.callee)) for e in graph.edges], item.created_at)
    runs.move_investigation(
        investigation_id=investigation.pk, to=InvestigationState.GATHERING, author=RECONCILER,
        sentence=" ".join(scope.notes), scope=data, fence=fence,
    )  # fmt: skip
    _account(item, work)


def _learn_topology(edges: list[tuple[str, str]], seen_at: datetime) -> None:
    rows = [
        ServiceDependency(caller=a, callee=b, source="traces", seen_at=seen_at) for a, b in edges
    ]
    ServiceDependency.objects.bulk_create(
        rows[:5000], update_conflicts=True, unique_fields=["caller", "callee", "source"],
        update_fields=["seen_at"],
    )  # fmt: skip


def _gather(item: WorkItem, fence: Fence) -> None:
    agent = AgentName(item.agent)
    work = open_case(item.investigation, agent=item.agent)
    posted = 0
    for finding in REGISTRY[agent].gather(work.case):
        evidence = post_finding(item.investigation, finding, fence=fence, prefix=f"r{item.round}/")
        crash_at("after_evidence")
        posted += 1
        if posted <= 3:
            _show_lane(item, finding, evidence, fence)
    _account(item, work)
    item.error = f"{posted} findings"


def _show_lane(item: WorkItem, finding: Finding, evidence: Evidence, fence: Fence) -> None:
    lane = lane_of(finding, evidence.number)
    if lane is None:
        return
    with writing(item.investigation_id, fence=fence) as board:
        lanes = board.investigation.entries.filter(kind=EntryKind.LANE).count()
        if lanes < 6:
            write_entry(
                board, kind=EntryKind.LANE, key=lane[0], data=lane[1],
                author=finding.agent.author, sentence=f"Lane: {lane[1]['label']}",
            )  # fmt: skip


def _propose(item: WorkItem, fence: Fence) -> None:
    work = open_case(item.investigation)
    work.load()
    for candidate in propose(work.findings, work.case)[:EXAMINED]:
        if candidate.total > MIN_PROPOSED_DECIBANS:
            hypotheses.propose_hypothesis(
                investigation_id=item.investigation_id,
                claim=candidate.claim,
                author=RECONCILER,
                resource=str(candidate.cause.resource),
                fault_class=candidate.cause.fault_class,
                change_id=candidate.cause.change_id,
                fence=fence,
            )
        crash_at("after_propose")


def _examine(item: WorkItem, fence: Fence) -> None:
    agent = AgentName(item.agent)
    work = open_case(item.investigation, agent=item.agent)
    work.load()
    causes = [cause_of(h) for h in live_hypotheses(item.investigation)]
    causes = [c for c in causes if c.fault_class in FAULTS]
    for finding in REGISTRY[agent].examine(work.case, causes, tuple(work.findings)):
        trial = [finding]
        matters = finding.presence is Presence.PRESENT or any(
            abs(s.decibans) >= 1 for c in causes for s in score(c, trial, work.case).stances
        )
        if matters or finding.feature == "recovered":
            post_finding(item.investigation, finding, fence=fence, prefix=f"r{item.round}/x/")
            crash_at("after_examined")
    _account(item, work)


def _scored(item: WorkItem, work: Casework) -> list[tuple[Hypothesis, Scored]]:
    pairs = []
    for hypothesis in live_hypotheses(item.investigation):
        if hypothesis.fault_class in FAULTS:
            pairs.append((hypothesis, score(cause_of(hypothesis), work.findings, work.case)))
    return sorted(pairs, key=lambda pair: -pair[1].total)


def _challenge(item: WorkItem, fence: Fence) -> None:
    work = open_case(item.investigation)
    work.load()
    scored = [s for _, s in _scored(item, work)]
    wanted = to_challenge(scored, work.findings, work.case)
    asked_for = _challenges_asked(item, work)
    done = 0
    for index in [*asked_for, *wanted]:
        if done >= CHALLENGED + len(asked_for):
            break
        target = work.evidence[index]
        if target.challenged_by.exists():
            done += 1
            continue
        for name in SPECIALISTS:
            answer = REGISTRY[name].challenge(work.case, work.findings[index])
            if answer is not None:
                post_finding(item.investigation, answer, fence=fence, challenges_id=target.pk,
                             prefix=f"r{item.round}/c/E{target.number}/")  # fmt: skip
                done += 1
                crash_at("after_challenge")
                break
    _answer_challenges(item, work, fence)
    _account(item, work)


def _challenges_asked(item: WorkItem, work: Casework) -> list[int]:
    subjects = set(
        item.investigation.steering.filter(
            kind=SteeringKind.CHALLENGE, state__in=[SteeringState.SENT, SteeringState.READ]
        ).values_list("subject", flat=True)
    )
    return [i for i, e in enumerate(work.evidence) if f"E{e.number}" in subjects]


def _answer_challenges(item: WorkItem, work: Casework, fence: Fence) -> None:
    messages = item.investigation.steering.filter(
        kind=SteeringKind.CHALLENGE, state__in=[SteeringState.SENT, SteeringState.READ]
    )
    for message in messages:
        answer = (
            Evidence.objects.filter(
                investigation=item.investigation,
                challenges__number=int(message.subject.removeprefix("E") or 0),
            )
            .order_by("-number")
            .first()
        )
        to = SteeringState.ACTED if answer else SteeringState.DECLINED
        reply = (
            f"Re-checked as E{answer.number}: {answer.claim}"
            if answer
            else "No other query would show this; the card stands as it is."
        )
        runs.answer_steering(
            message_id=message.pk, to=to, reply=reply, author=RECONCILER, fence=fence
        )


def challenged_of(work: Casework) -> dict[int, bool]:
    """Return, by index of a finding, whether it survived its challenge."""
    answers = Evidence.objects.filter(
        investigation=work.investigation, challenges__isnull=False
    ).order_by("number")
    outcome: dict[int, bool] = {}
    places = {e.pk: i for i, e in enumerate(work.evidence)}
    for row in answers:
        kept = row.sample.get("finding")
        index = places.get(row.challenges_id or 0)
        if index is not None and isinstance(kept, dict):
            outcome[index] = kept["presence"] == Presence.PRESENT.value
    return outcome


def _reconcile(item: WorkItem, fence: Fence) -> None:
    work = open_case(item.investigation)
    work.load()
    pairs = _scored(item, work)
    drafts = [
        StanceDraft(work.evidence[s.index].pk, hypothesis.pk, s.decibans, s.rule)
        for hypothesis, scored in pairs
        for s in scored.stances
    ]
    hypotheses.record_stances(
        investigation_id=item.investigation_id, drafts=drafts, author=RECONCILER, fence=fence
    )
    crash_at("after_stances")
    ruled_out = [
        (h.resource, h.fault_class)
        for h in Hypothesis.objects.filter(
            investigation=item.investigation, state=HypothesisState.RULED_OUT
        )
        if h.ruled_out_by.startswith("person/")
    ]
    outcome = decide(
        [scored for _, scored in pairs], work.findings, work.case,
        challenged=challenged_of(work), ruled_out=ruled_out,
    )  # fmt: skip
    _assess(item, pairs, work, outcome, fence)
    crash_at("after_assessments")
    reach_diagnosis(
        investigation_id=item.investigation_id,
        draft=_diagnosis(outcome, pairs, work),
        step_key=item.step_key,
        author=RECONCILER,
        fence=fence,
    )
    if outcome.leader is not None:
        for stance in outcome.leader.scored.stances[:4]:
            finding, evidence = work.findings[stance.index], work.evidence[stance.index]
            if stance.decibans > 0:
                _show_lane(item, finding, evidence, fence)
    crash_at("after_diagnosis")


def _assess(
    item: WorkItem, pairs: list[tuple[Hypothesis, Scored]], work: Casework, outcome: Outcome,
    fence: Fence,
) -> None:  # fmt: skip
    ranked, _ = rank([s for _, s in pairs], work.findings, work.case)
    by_cause = {(r.cause.resource, r.cause.fault_class): r.posterior for r in ranked}
    leader = outcome.leader.cause if outcome.leader else None
    rows = []
    for hypothesis, scored in pairs:
        posterior = by_cause[scored.cause.resource, scored.cause.fault_class]
        is_leader = leader is not None and (leader.resource, leader.fault_class) == (
            scored.cause.resource, scored.cause.fault_class,
        ) and outcome.verdict == "likely_cause"  # fmt: skip
        state, verdict, killer = _standing(scored, work, posterior, is_leader=is_leader)
        note = "; ".join(scored.notes)
        rows.append(
            Assessment(hypothesis.pk, state, verdict, None, posterior, note or hypothesis.note,
                       killer)
        )  # fmt: skip
    hypotheses.record_assessments(
        investigation_id=item.investigation_id, assessments=rows, author=RECONCILER, fence=fence
    )


def _standing(scored: Scored, work: Casework, posterior: float, *, is_leader: bool
              ) -> tuple[HypothesisState, TestVerdict, str]:  # fmt: skip
    against = [s for s in scored.stances if s.decibans <= -3]
    support = [s for s in scored.stances if s.decibans >= 1]
    if is_leader:
        return HypothesisState.LEADING, TestVerdict.SUPPORTED, ""
    if not scored.stances:
        return HypothesisState.INCONCLUSIVE, TestVerdict.INCONCLUSIVE, ""
    if posterior < 0.05 and against:
        worst = min(against, key=lambda s: s.decibans)
        killer = f"E{work.evidence[worst.index].number}: {worst.rule}"
        return HypothesisState.RULED_OUT, TestVerdict.REFUTED, killer
    if posterior >= 0.45 and support:
        return HypothesisState.OPEN, TestVerdict.SUPPORTED, ""
    if posterior < 0.20 and not scored.kinds:
        return HypothesisState.OPEN, TestVerdict.REFUTED, ""
    return HypothesisState.OPEN, TestVerdict.INCONCLUSIVE, ""


def _diagnosis(outcome: Outcome, pairs: list[tuple[Hypothesis, Scored]], work: Casework
               ) -> DiagnosisDraft:  # fmt: skip
    number = [e.number for e in work.evidence]
    leader = outcome.leader
    hypothesis = next((h for h, s in pairs if leader and s.cause == leader.cause), None)
    is_likely = outcome.verdict == "likely_cause"
    return DiagnosisDraft(
        verdict=DiagnosisVerdict(outcome.verdict),
        summary=outcome.summary,
        happening=outcome.happening,
        hypothesis_id=hypothesis.pk if hypothesis and outcome.verdict != "no_fault" else None,
        resource=str(leader.cause.resource) if leader and is_likely else "",
        fault_class=leader.cause.fault_class if leader and is_likely else "",
        change_id=leader.cause.change_id if leader and is_likely else "",
        confidence=outcome.confidence,
        sources_answered=len(outcome.sources_answered),
        sources_asked=len(outcome.sources_asked),
        cited=[number[i] for i in outcome.cited],
        rules=[{"name": r.name, "passed": r.passed, "detail": r.detail} for r in outcome.rules],
        gaps=[{"text": text} for text in outcome.gaps],
        dissent=[{"agent": a, "text": t, "evidence": number[i]} for a, t, i in outcome.dissent],
        agreement=list(outcome.agreement),
        would_change=outcome.would_change[:500],
        next_steps=list(outcome.next_steps),
        causal_chain=[
            {"resource": c.resource, "label": c.label, "onset_at": c.onset,
             "evidence": None if c.index is None else number[c.index],
             "is_inferred": c.index is None}
            for c in outcome.causal_chain
        ],
        contributing=[
            {"resource": str(r.cause.resource), "fault_class": r.cause.fault_class,
             "posterior": r.posterior}
            for r in outcome.ranked[1:4] if r.posterior >= 0.1
        ],
        treatments=[
            {"action": t.action, "resource": t.resource, "reason": t.reason,
             "change_id": t.change_id}
            for t in outcome.treatments
        ],
    )  # fmt: skip


STEPS: dict[WorkKind, Step] = {
    WorkKind.SCOPE: _scope,
    WorkKind.GATHER: _gather,
    WorkKind.INTERPRET: interpret,
    WorkKind.PROPOSE: _propose,
    WorkKind.EXAMINE: _examine,
    WorkKind.CHALLENGE: _challenge,
    WorkKind.RECONCILE: _reconcile,
}
__all__ = ["run_step", "set_status"]
