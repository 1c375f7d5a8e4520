"""From what the reconciler decides to what the board records: standings and the diagnosis."""

import re
from dataclasses import asdict, replace

from agents.domain.casework import Casework
from agents.domain.posting import finding_of
from agents.domain.ruling_out import killer_of, plain_reason
from agents.enums import AgentName
from agents.faults.registry import FAULTS
from agents.features import FEATURES
from agents.findings import Cause
from agents.reconciler.calibration import CalibrationMap
from agents.reconciler.decide import OUT_BELOW, is_out, rank
from agents.reconciler.outcome import Outcome
from agents.reconciler.rules import rival_of
from agents.reconciler.scoring import Scored
from investigations.domain.diagnoses import DiagnosisDraft
from investigations.domain.hypotheses import Assessment, StanceDraft
from investigations.enums import DiagnosisVerdict, HypothesisState, TestVerdict
from investigations.models import Hypothesis, Investigation, Stance
from telemetry.types import ResourceRef

Pairs = list[tuple[Hypothesis, Scored]]
Standing = tuple[HypothesisState, TestVerdict, str]
PART = re.compile(r"^Part of H\d+")
# Between what a person's words were read as and what the structure says of that cause.
READ = " · "
TWIN = re.compile(r"^The same cause as H(\d+)")


def drafts_of(pairs: Pairs, work: Casework) -> list[StanceDraft]:
    """Return what the evidence says of each tested hypothesis, and what no longer counts.

    Of several pieces that answer one question the newest counts: earlier ones lose their weight.
    """
    drafts = [
        StanceDraft(work.evidence[s.index].pk, hypothesis.pk, s.decibans, s.rule)
        for hypothesis, scored in pairs
        for s in scored.stances
    ]
    held = {(d.evidence_id, d.hypothesis_id) for d in drafts}
    newest = {f.key: e.number for e, f in zip(work.evidence, work.findings, strict=True)}
    before = Stance.objects.filter(hypothesis__in=[h.pk for h, _ in pairs]).exclude(
        weight_decibans=0
    )
    for stance in before.select_related("evidence"):
        if (stance.evidence_id, stance.hypothesis_id) not in held:
            rule = f"{stance.evidence.feature.replace('_', ' ')}: {_why_not(stance, newest)}"
            drafts.append(StanceDraft(stance.evidence_id, stance.hypothesis_id, 0.0, rule))
    return drafts


def _why_not(stance: Stance, newest: dict[str, int]) -> str:
    finding = finding_of(stance.evidence)
    number = newest.get(finding.key) if finding else None
    if number is None or number == stance.evidence.number:
        return "no longer counts"
    return f"E{number} answers the same anew and counts instead"


def assessments_of(
    pairs: Pairs, work: Casework, outcome: Outcome, calibration: CalibrationMap
) -> list[Assessment]:
    """Return where each tested hypothesis stands, then those whose words mean the same cause."""
    tested = [s for _, s in pairs if s.is_tested]
    ranked, _ = rank(tested, work.findings, work.case, calibration)
    by_cause = {(r.cause.resource, r.cause.fault_class): outcome.shown(r) for r in ranked}
    is_likely = outcome.leader is not None and outcome.verdict == "likely_cause"
    leader = _place(outcome.leader.cause) if outcome.leader and is_likely else None
    rows: dict[int, Assessment] = {}
    first = next(((h, s) for h, s in pairs if _place(s.cause) == leader), None)
    for hypothesis, scored in pairs:
        if not scored.is_tested:
            rows[hypothesis.number] = _untested(hypothesis, scored)
            continue
        place = _place(scored.cause)
        why = _part_of(scored, first[1], work) if first else ""
        if first and why:
            # It holds with the leading mechanism: its odds as a rival say nothing.
            rows[hypothesis.number] = Assessment(
                hypothesis.pk, HypothesisState.OPEN, TestVerdict.SUPPORTED, None,
                by_cause[_place(first[1].cause)], f"Part of H{first[0].number}: {why}",
            )  # fmt: skip
            continue
        state, verdict, killer = _standing(
            scored, work, by_cause[place], is_leader=place == leader
        )  # fmt: skip
        note = _note_of(hypothesis, scored)
        rows[hypothesis.number] = Assessment(
            hypothesis.pk, state, verdict, None, by_cause[place], note, killer
        )
    return [*rows.values(), *twins_of(work.investigation, rows)]


def _untested(hypothesis: Hypothesis, scored: Scored) -> Assessment:
    """Return the standing of a cause of which nothing tells: no number, and what would tell."""
    sought = [FEATURES[f].title for f in FAULTS[scored.cause.fault_class].triggers if f in FEATURES]
    missing = f"looked for, with nothing found for it or against it: {', '.join(sought)}"
    # What words were read as, or a model's reason: not what the board itself said before.
    is_ours = hypothesis.author == AgentName.RECONCILER.author
    known = "" if is_ours else hypothesis.note.partition(READ)[0]
    return Assessment(
        hypothesis.pk, HypothesisState.INCONCLUSIVE, TestVerdict.INCONCLUSIVE, None, None,
        READ.join(part for part in (known, missing, *scored.notes) if part),
    )  # fmt: skip


def _note_of(hypothesis: Hypothesis, scored: Scored) -> str:
    """Return what the structure says of a cause; after what a person's words were read as."""
    known = "Weighed by itself." if PART.match(hypothesis.note) else hypothesis.note
    notes = "; ".join(scored.notes)
    if hypothesis.author.startswith("person/"):
        return READ.join(part for part in (known.partition(READ)[0], notes) if part)
    return notes or known


def _part_of(scored: Scored, leader: Scored, work: Casework) -> str:
    """Return why a cause is part of the leading one, not its rival; empty if it is none.

    It blames the same resource without saying how: of unknown kind, or by a change that speaks for
    the leader's mechanism as well.
    """
    model = FAULTS[scored.cause.fault_class]
    if scored is leader or not model.is_generic or scored.cause.resource != leader.cause.resource:
        return ""
    if model.is_catch_all:
        return "it says what is wrong."
    support = {s.index for s in leader.stances if s.decibans >= 1}
    shared = [
        work.evidence[s.index].number for s in scored.stances
        if s.index in support and s.decibans >= 1 and work.findings[s.index].feature in model.triggers
    ]  # fmt: skip
    return f"the change (E{shared[0]}) speaks for both." if shared else ""


def _place(cause: Cause) -> tuple[ResourceRef, str]:
    return cause.resource, cause.fault_class


def twins_of(investigation: Investigation, rows: dict[int, Assessment]) -> list[Assessment]:
    """Return the standing of free claims that were read as a hypothesis that was there before.

    One whose other is out on a person's word stands for nothing: nobody has tested it.
    """
    found = []
    out = set(
        investigation.hypotheses.filter(ruled_out_by__startswith="person/")
        .values_list("number", flat=True)
    )  # fmt: skip
    claims = Hypothesis.objects.filter(investigation=investigation, fault_class="")
    for claim in claims.exclude(ruled_out_by__startswith="person/"):
        twin = TWIN.match(claim.note)
        if twin and int(twin[1]) in out:
            found.append(Assessment(claim.pk, HypothesisState.INCONCLUSIVE,
                                    TestVerdict.INCONCLUSIVE, None, None, claim.note))  # fmt: skip
            continue
        tested = rows.get(int(twin[1])) if twin else None
        if tested is not None:
            state = tested.state
            if state is HypothesisState.LEADING:
                state = HypothesisState.OPEN
            found.append(
                Assessment(claim.pk, state, tested.verdict, None, tested.posterior, claim.note,
                           tested.ruled_out_by)
            )  # fmt: skip
    return found


def _standing(scored: Scored, work: Casework, posterior: float, *, is_leader: bool) -> Standing:
    support = [s for s in scored.stances if s.decibans >= 1]
    if is_leader:
        return HypothesisState.LEADING, TestVerdict.SUPPORTED, ""
    worst = killer_of(scored, work.findings, work.case)
    if posterior < OUT_BELOW and worst is not None:
        told = plain_reason(worst, work.findings[worst.index], scored)
        killer = f"E{work.evidence[worst.index].number}: {told}"
        return HypothesisState.RULED_OUT, TestVerdict.REFUTED, killer
    if posterior >= 0.45 and support:
        return HypothesisState.OPEN, TestVerdict.SUPPORTED, ""
    if posterior < 0.20 and not scored.kinds:
        return HypothesisState.OPEN, TestVerdict.REFUTED, ""
    return HypothesisState.OPEN, TestVerdict.INCONCLUSIVE, ""


def _claim(outcome: Outcome) -> dict[str, object]:
    """Return what grading and refitting the calibration need; empty where nothing leads."""
    if outcome.claim is None or outcome.leader is None or outcome.verdict == "no_fault":
        return {}
    leader = outcome.leader
    return {
        **asdict(outcome.claim), "calibrated": outcome.shown(leader), "map": outcome.map_version,
        "resource": str(leader.cause.resource), "fault_class": leader.cause.fault_class,
    }  # fmt: skip


def _leads(outcome: Outcome) -> bool:
    """Whether the first of the candidates is a cause or a lead: not one that is ruled out."""
    if outcome.leader is None or outcome.verdict == "no_fault":
        return False
    return outcome.verdict == "likely_cause" or not is_out(outcome.leader)


def _numbered(outcome: Outcome, pairs: Pairs) -> Outcome:
    """Return the outcome with the leader's rival named by its number too, where a text quotes it."""
    rival = rival_of(outcome.ranked) if outcome.ranked else None
    known = next((h for h, s in pairs if rival and s.cause == rival.cause), None)
    if rival is None or known is None:
        return outcome
    quoted = f"“{rival.scored.claim}”"

    def named(text: str) -> str:
        # The rival comes last: the leader may be claimed in the same words.
        before, found, after = text.rpartition(quoted)
        return f"{before}H{known.number} {found}{after}" if found else text

    return replace(
        outcome, summary=named(outcome.summary), would_change=named(outcome.would_change),
        next_steps=tuple(map(named, outcome.next_steps)),
        rules=tuple(replace(rule, detail=named(rule.detail)) for rule in outcome.rules),
    )  # fmt: skip


def diagnosis_of(outcome: Outcome, pairs: Pairs, work: Casework, *, skipped: list[str]
                 ) -> DiagnosisDraft:  # fmt: skip
    """Return the outcome as a diagnosis that cites the board, and names a rival by its number.

    ``skipped`` are the steps that the budget did not allow: a gap each, and what more would buy.
    """
    number = [e.number for e in work.evidence]
    outcome = _numbered(outcome, pairs)
    leader = outcome.leader
    hypothesis = next((h for h, s in pairs if leader and s.cause == leader.cause), None)
    is_likely = outcome.verdict == "likely_cause"
    model = FAULTS[leader.cause.fault_class] if leader and is_likely else None
    return DiagnosisDraft(
        verdict=DiagnosisVerdict(outcome.verdict),
        summary=outcome.summary,
        happening=outcome.happening,
        hypothesis_id=hypothesis.pk if hypothesis and _leads(outcome) else None,
        resource=str(leader.cause.resource) if leader and is_likely else "",
        fault_class=leader.cause.fault_class if leader and is_likely else "",
        change_id=leader.cause.change_id if leader and is_likely and outcome.blamed else "",
        confidence=outcome.confidence,
        claim=_claim(outcome),
        sources_answered=len(outcome.sources_answered),
        sources_asked=len(outcome.sources_asked),
        cited=[number[i] for i in outcome.cited],
        rules=[{"name": r.name, "passed": r.passed, "detail": r.detail} for r in outcome.rules],
        gaps=[
            {"text": text}
            for text in (
                *outcome.gaps,
                *(f"The budget was used up before this: {step}." for step in skipped),
            )
        ],
        dissent=[{"agent": a, "text": t, "evidence": number[i]} for a, t, i in outcome.dissent],
        agreement=list(outcome.agreement),
        would_change=outcome.would_change[:500],
        next_steps=[
            *([f"Add budget, and the agents go on with: {', '.join(skipped)}."] if skipped else []),
            *outcome.next_steps,
        ],
        causal_chain=[
            {"resource": c.resource, "label": c.label, "onset_at": c.onset,
             "evidence": None if c.index is None else number[c.index],
             "is_inferred": c.index is None, "confidence": c.confidence}
            for c in outcome.causal_chain
        ],
        contributing=[
            {"resource": str(r.cause.resource), "fault_class": r.cause.fault_class,
             "posterior": outcome.shown(r)}
            for r in outcome.ranked[1:4] if outcome.shown(r) >= 0.1
        ],
        treatments=[
            {"action": t.action, "resource": t.resource, "reason": t.reason,
             "change_id": t.change_id, "is_relief": t.is_relief}
            for t in outcome.treatments
        ],
        comes_back=bool(model and model.comes_back),
        blamed={"text": outcome.blamed.text, "evidence": number[outcome.blamed.index]}
        if outcome.blamed else {},
    )  # fmt: skip
