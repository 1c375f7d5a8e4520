"""What each kind of work item does. Every write is fenced and idempotent by its step key."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from agents.case import Case
from agents.domain.casework import Casework, cause_of, live_hypotheses, open_case
from agents.domain.challenging import answer_challenges, challenged_of, recheck
from agents.domain.consulting import consult, summarise
from agents.domain.lanes import show_lane
from agents.domain.people import answer_messages, interpret, steerers
from agents.domain.phases import DOING
from agents.domain.posting import post_finding
from agents.domain.reasons import look_where_asked, why_examine, why_gather
from agents.domain.recalibrating import map_in_use
from agents.domain.sharing import Answers, answers_of, forget_round
from agents.domain.telling import Teller, follow
from agents.domain.verdicts import assessments_of, diagnosis_of, drafts_of
from agents.engine import CHALLENGED, EXAMINED, to_challenge
from agents.enums import SPECIALISTS, AgentName, Presence, WorkKind
from agents.faults.registry import FAULTS
from agents.findings import Cause, Finding
from agents.models import WorkItem
from agents.reconciler.decide import decide
from agents.reconciler.propose import propose
from agents.reconciler.relevance import relevance_of
from agents.reconciler.scoring import Scored, score, stances_of
from agents.scoping import scope_case
from agents.specialists.registry import REGISTRY
from investigations.domain import hypotheses, runs
from investigations.domain.crash import crash_at
from investigations.domain.diagnoses import reach_diagnosis
from investigations.domain.journal import Fence
from investigations.enums import HypothesisState, InvestigationState
from investigations.models import Hypothesis, Investigation, ServiceDependency

MIN_PROPOSED_DECIBANS = 0.0
# Findings of each specialist, strongest first, whose series the timeline shows at once.
SHOWN = 4
RECONCILER = AgentName.RECONCILER.author
Step = Callable[[WorkItem, Fence], None]


def run_step(item: WorkItem, fence: Fence) -> None:
    """Do one work item's work. The caller finishes the item."""
    STEPS[WorkKind(item.kind)](item, fence)


def _answers(item: WorkItem) -> Answers:
    """Return what the specialists of this round share. A challenge asks for itself."""
    return answers_of(item.investigation_id, item.round)


def _account(item: WorkItem, work: Casework, **done: object) -> None:
    """Note on the item what it asked and did; the caller writes it when it finishes the item."""
    item.queries, item.rows = work.meter.queries, work.meter.rows
    item.seconds = work.meter.seconds
    item.result = {
        **done, "calls": work.meter.calls, "denied": work.meter.denied[:200],
        "answered": work.meter.answered, "untold": _untold(work),
    }  # fmt: skip


def _untold(work: Casework) -> list[dict[str, object]]:
    teller = work.meter.on_answer
    return teller.take() if isinstance(teller, Teller) else []


def _scope(item: WorkItem, fence: Fence) -> None:
    investigation = item.investigation
    work = open_case(investigation)
    follow(item, work, fence, "To find what the symptom can come from.")
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
    work = look_where_asked(
        item, open_case(item.investigation, agent=item.agent, answers=_answers(item))
    )
    follow(item, work, fence, why_gather(item, work))
    posted = 0
    if item.round:
        work.load()
    for finding in REGISTRY[agent].gather(work.case):
        if item.round and finding.presence is not Presence.UNKNOWN and work.has_same(finding):
            continue
        posted += 1
        post_finding(
            item.investigation, work.worded(finding), fence=fence, prefix=f"r{item.round}/",
            is_shown=finding.presence is Presence.PRESENT and posted <= SHOWN,
        )  # fmt: skip
        crash_at("after_evidence")
    _account(item, work, posted=posted)


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
    work = open_case(item.investigation, agent=item.agent, answers=_answers(item))
    work.load()
    causes = [cause_of(h) for h in live_hypotheses(item.investigation)]
    causes = [c for c in causes if c.fault_class in FAULTS]
    follow(item, work, fence, why_examine(item.investigation))
    # In a round with fresh telemetry everything is looked for anew, and news is posted.
    is_fresh = item.round > 0 and _gathered(item)
    known = () if is_fresh else tuple(work.findings)
    posted = 0
    for finding in REGISTRY[agent].examine(work.case, causes, known):
        if is_fresh and work.has_same(finding):
            continue
        if finding.feature == "recovered" or _matters(finding, causes, work.case):
            post_finding(
                item.investigation, work.worded(finding), fence=fence,
                prefix=f"r{item.round}/x/",
                # What a later guess looked for and did not find changes nobody's picture.
                is_shown=not item.round or finding.presence is Presence.PRESENT,
            )  # fmt: skip
            crash_at("after_examined")
            posted += 1
    _account(item, work, posted=posted)


def _matters(finding: Finding, causes: list[Cause], case: Case) -> bool:
    """Whether a finding is there, or its absence says something of a cause."""
    if finding.presence is Presence.PRESENT:
        return True
    trial = [finding]
    relevance = relevance_of(trial, case)
    return any(abs(s.decibans) >= 1 for c in causes for s in stances_of(c, trial, case, relevance))


def _gathered(item: WorkItem) -> bool:
    """Whether this round began with a look at fresh telemetry."""
    items = item.investigation.work_items.filter(round=item.round)
    return items.filter(kind=WorkKind.GATHER.value).exists()


def _scored(item: WorkItem, work: Casework) -> list[tuple[Hypothesis, Scored]]:
    pairs = []
    for hypothesis in live_hypotheses(item.investigation):
        if hypothesis.fault_class in FAULTS:
            pairs.append((hypothesis, score(cause_of(hypothesis), work.findings, work.case)))
    return sorted(pairs, key=lambda pair: -pair[1].total)


def _challenge(item: WorkItem, fence: Fence) -> None:
    work = open_case(item.investigation)
    work.load()
    follow(item, work, fence, "To check the strongest evidence by another query.")
    scored = [s for _, s in _scored(item, work)]
    answer_challenges(item, work, fence)
    done = 0
    for index in to_challenge(scored, work.findings, work.case):
        card = work.evidence[index]
        # What was not borne out before may be by now: a leak is killed only at its end.
        if done < CHALLENGED or card.challenged_by.exists():
            done += recheck(item, work, card, fence)
    _account(item, work, challenged=done)


def _reconcile(item: WorkItem, fence: Fence) -> None:
    work = open_case(item.investigation)
    # What people change from here on is not weighed yet: it begins another round.
    read_up_to = Investigation.objects.only("last_sequence").get(pk=item.investigation_id)
    work.load()
    pairs = _scored(item, work)
    hypotheses.record_stances(
        investigation_id=item.investigation_id, drafts=drafts_of(pairs, work), author=RECONCILER,
        fence=fence,
    )  # fmt: skip
    crash_at("after_stances")
    ruled_out = [
        (h.resource, h.fault_class)
        for h in Hypothesis.objects.filter(
            investigation=item.investigation, state=HypothesisState.RULED_OUT
        )
        if h.ruled_out_by.startswith("person/")
    ]
    calibration = map_in_use()
    outcome = decide(
        [scored for _, scored in pairs if scored.is_tested], work.findings, work.case,
        challenged=challenged_of(work), ruled_out=ruled_out, calibration=calibration,
    )  # fmt: skip
    hypotheses.record_assessments(
        investigation_id=item.investigation_id, author=RECONCILER, fence=fence,
        assessments=assessments_of(pairs, work, outcome, calibration),
    )  # fmt: skip
    crash_at("after_assessments")
    reach_diagnosis(
        investigation_id=item.investigation_id,
        draft=replace(
            diagnosis_of(outcome, pairs, work, skipped=skipped_steps(item)),
            steered_by=steerers(item),
        ),
        step_key=item.step_key,
        author=RECONCILER,
        fence=fence,
    )
    answer_messages(item, fence)
    if outcome.leader is not None:
        for stance in outcome.leader.scored.stances[:4]:
            finding, evidence = work.findings[stance.index], work.evidence[stance.index]
            if stance.decibans > 0:
                show_lane(item.investigation, finding, evidence, fence=fence)
    crash_at("after_diagnosis")
    forget_round(item.investigation_id, item.round)
    _account(item, work, read_up_to=read_up_to.last_sequence)


def skipped_steps(item: WorkItem) -> list[str]:
    """Return what this round's budget did not allow, or people paused, in words."""
    skipped = item.investigation.work_items.filter(
        round=item.round, result__skipped__in=["budget", "paused"]
    ).values_list("agent", "kind", "result__skipped")
    return [
        f"{agent} {DOING[WorkKind(kind)]}{' (paused)' if why == 'paused' else ''}"
        for agent, kind, why in skipped
    ]


STEPS: dict[WorkKind, Step] = {
    WorkKind.SCOPE: _scope,
    WorkKind.GATHER: _gather,
    WorkKind.INTERPRET: interpret,
    WorkKind.PROPOSE: _propose,
    WorkKind.EXAMINE: _examine,
    WorkKind.CHALLENGE: _challenge,
    WorkKind.RECONCILE: _reconcile,
    WorkKind.CONSULT: consult,
    WorkKind.SUMMARISE: summarise,
}
