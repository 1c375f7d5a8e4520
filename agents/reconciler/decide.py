"""The verdict rules: published, and the only way to a verdict."""

from collections.abc import Sequence
from dataclasses import replace

from agents.case import Case
from agents.enums import AgentName, Presence
from agents.faults.registry import FAULTS
from agents.findings import Finding
from agents.reconciler.blamed import blamed_change
from agents.reconciler.calibration import CalibrationMap, rescaled, shipped
from agents.reconciler.chain import causal_chain
from agents.reconciler.likelihood import clamp, likelihood_word
from agents.reconciler.openness import is_awaited, may_be_overtaken
from agents.reconciler.outcome import Outcome, Ranked, Rule, Treatment
from agents.reconciler.posterior import Claim, Standing, claim_of, posteriors
from agents.reconciler.relevance import is_over
from agents.reconciler.rules import MIN_POSTERIOR, STRONG_DECIBANS, level_with, rival_of, rules_of
from agents.reconciler.scoring import Scored
from agents.reconciler.wanting import AHEAD, wanted

NO_FAULT_DECIBANS = 14.0
OUT_BELOW = 0.05
OUT_DECIBANS = -3.0
# Every specialist asks these; a source that is missing answers with an error, which is a gap.
ASKED = ("metrics", "logs", "traces", "cluster state", "changes", "database state")
KIND_NAMES = {
    "metric": "metrics", "log": "logs", "trace": "traces", "cluster": "cluster state",
    "change": "changes", "database": "database state", "topology": "topology", "flow": "flows",
}  # fmt: skip


def rank(
    candidates: Sequence[Scored], findings: Sequence[Finding], case: Case,
    calibration: CalibrationMap | None = None,
) -> tuple[list[Ranked], float]:  # fmt: skip
    """Return candidates with posteriors, best first, and the probability that nothing is wrong.

    ``calibration`` says how often such claims were right; None: the map of this version.
    """
    standings = [standing_of(c) for c in candidates]
    calm_decibans = NO_FAULT_DECIBANS if is_over(findings) else -30.0
    raw, calm = posteriors(standings, calm_decibans=calm_decibans)
    found, claim = raw, _claim(candidates, raw, findings, case)
    if claim is not None and claim.posterior > calm:
        found, calm = rescaled(raw, calm, (calibration or shipped()).apply(claim))
    ranked = [Ranked(c, clamp(p), r) for c, p, r in zip(candidates, found, raw, strict=True)]
    return sorted(ranked, key=lambda r: (-r.posterior, -r.raw)), clamp(calm)


def _claim(
    candidates: Sequence[Scored], found: Sequence[float], findings: Sequence[Finding], case: Case
) -> Claim | None:
    """Return what the likeliest of the candidates claims; None without candidates."""
    return claim_of(
        [standing_of(c) for c in candidates], found, answered=len(sources_of(findings)[1]),
        is_open=may_be_overtaken(candidates, found, findings, case),
    )  # fmt: skip


def sources_of(
    findings: Sequence[Finding], asked: Sequence[str] = ASKED
) -> tuple[list[str], list[str]]:
    """Return the kinds of telemetry that were asked, and those of them that answered."""
    silent = {KIND_NAMES[f.kind.value] for f in findings if f.presence is Presence.UNKNOWN
              and f.feature.startswith("gap_")}  # fmt: skip
    answered = {KIND_NAMES[f.kind.value] for f in findings if f.presence is not Presence.UNKNOWN}
    all_asked = sorted(silent | answered | set(asked))
    return all_asked, sorted(set(all_asked) - silent)


def standing_of(candidate: Scored) -> Standing:
    """Return what the probability of a candidate depends on."""
    model = FAULTS[candidate.cause.fault_class]
    return Standing(
        str(candidate.cause.resource),
        candidate.total,
        model.is_catch_all,
        len(candidate.kinds),
        model.slug,
        model.refines,
    )


def decide(
    candidates: Sequence[Scored],
    findings: Sequence[Finding],
    case: Case,
    *,
    challenged: dict[int, bool] | None,
    asked: Sequence[str] = ASKED,
    ruled_out: Sequence[tuple[str, str]] = (),
    calibration: CalibrationMap | None = None,
) -> Outcome:
    """Apply the verdict rules.

    Args:
        candidates: Scored causes, in any order.
        findings: Everything found, in the order that the scores' indices mean.
        case: The case, for its topology and symptoms.
        challenged: Index of a challenged finding -> whether it survived; None where challenges are
            no part of the run, and their rule is not applied.
        asked: Names of the sources that were asked, beyond those that show in the findings.
        ruled_out: (resource key, fault class) pairs that a person has ruled out.
        calibration: See :func:`rank`.
    """
    left = [c for c in candidates if (str(c.cause.resource), c.cause.fault_class) not in ruled_out]
    ranked, calm = rank(left, findings, case, calibration)
    gaps = tuple(f.claim for f in findings if f.presence is Presence.UNKNOWN)
    all_asked, good = sources_of(findings, asked)
    coverage = len(good) / max(1, len(all_asked))
    leader = ranked[0] if ranked else None
    base = Outcome(
        verdict="inconclusive", leader=leader, ranked=tuple(ranked), confidence=None, summary="",
        happening=_happening(findings, case), rules=(), sources_asked=tuple(all_asked),
        sources_answered=tuple(good), gaps=gaps,
        claim=_claim([r.scored for r in ranked], [r.raw for r in ranked], findings, case),
        map_version=(calibration or shipped()).version,
    )  # fmt: skip
    if calm >= MIN_POSTERIOR and (leader is None or calm > leader.posterior):
        return _no_fault(calm, coverage, findings, base)
    rules = rules_of(ranked, challenged)
    if leader is not None and all(rule.passed for rule in rules):
        return _likely(leader, coverage, rules, findings, case, base)
    return _inconclusive(leader, rules, gaps, findings, base)


def is_out(ranked: Ranked) -> bool:
    """Whether the evidence rules a cause out: hardly likely, and something stands against it."""
    return ranked.posterior < OUT_BELOW and any(
        s.decibans <= OUT_DECIBANS for s in ranked.scored.stances
    )


def capped(posterior: float, coverage: float) -> float:
    """Missing sources cap confidence: 0.99 with nearly all, 0.90 above 60 %, else 0.75."""
    cap = 0.99 if coverage >= 0.85 else 0.90 if coverage >= 0.6 else 0.75
    return clamp(min(posterior, cap))


def _happening(findings: Sequence[Finding], case: Case) -> str:
    symptoms = {s.resource for s in case.symptoms}
    telling = [f for f in findings if f.presence is Presence.PRESENT
               and f.feature in {"latency_rise", "error_rise"}]  # fmt: skip
    near = [f for f in telling if f.resource in symptoms] or telling
    # Requests that fail hurt more than slow ones.
    told = sorted(near, key=lambda f: f.feature != "error_rise")[:2]
    parts = [f.claim for f in told]
    known = symptoms | {f.resource for f in told}
    others = sorted({f.resource.name for f in telling if f.resource not in known})
    if others:
        parts.append(f"Also affected: {', '.join(others[:6])}.")
    return " ".join(parts) or case.symptoms[0].summary


def _voices(leader: Ranked, findings: Sequence[Finding]
            ) -> tuple[tuple[str, ...], tuple[tuple[str, str, int], ...]]:  # fmt: skip
    """Return who agrees, and who dissents with what and by which finding."""
    sums: dict[AgentName, float] = {}
    for stance in leader.scored.stances:
        agent = findings[stance.index].agent
        sums[agent] = sums.get(agent, 0.0) + stance.decibans
    agree = tuple(sorted(a.value for a, total in sums.items() if total >= 1))
    return agree, _against(leader, findings, at_most=-2)


def _against(
    leader: Ranked, findings: Sequence[Finding], *, at_most: float
) -> tuple[tuple[str, str, int], ...]:
    """Return who says what against the leader, and by which finding."""
    return tuple(
        (findings[s.index].agent.value, findings[s.index].claim, s.index)
        for s in leader.scored.stances if s.decibans <= at_most
    )  # fmt: skip


def _likely(
    leader: Ranked, coverage: float, rules: tuple[Rule, ...], findings: Sequence[Finding],
    case: Case, base: Outcome,
) -> Outcome:  # fmt: skip
    agree, dissent = _voices(leader, findings)
    support = [s for s in leader.scored.stances if s.decibans >= 1]
    confidence = capped(leader.posterior, coverage)
    reasons = " ".join(findings[s.index].claim for s in support[:1])
    model = FAULTS[leader.cause.fault_class]
    strongest = findings[support[0].index]
    treatments = tuple(
        Treatment(t.action, _treated(t.action, leader, findings), t.reason, leader.cause.change_id,
                  t.is_relief)
        for t in model.treatments
    )  # fmt: skip
    return replace(
        base,
        verdict="likely_cause", leader=leader, confidence=confidence,
        summary=f"{leader.scored.claim}. {reasons}", rules=rules, agreement=agree, dissent=dissent,
        would_change=f"It would change if this did not hold: {strongest.claim}",
        causal_chain=causal_chain(leader.scored, findings, case), treatments=treatments,
        cited=tuple(s.index for s in support), next_steps=(),
        blamed=blamed_change(leader, findings),
    )  # fmt: skip


def _treated(action: str, leader: Ranked, findings: Sequence[Finding]) -> str:
    """Return whom to treat: for locks, whoever holds them; else the blamed resource."""
    for stance in leader.scored.stances:
        finding = findings[stance.index]
        holders = finding.sample.get("holders")
        if finding.feature == "blocked_sessions" and isinstance(holders, list) and holders:
            return f"service/{holders[0]}"
    return str(leader.cause.resource)


def _no_fault(calm: float, coverage: float, findings: Sequence[Finding], base: Outcome
              ) -> Outcome:  # fmt: skip
    over = [i for i, f in enumerate(findings) if f.feature == "recovered"
            and f.presence is Presence.PRESENT]  # fmt: skip
    return replace(
        base,
        verdict="no_fault", leader=None, confidence=capped(calm, coverage),
        summary="No fault found that lasts. " + " ".join(findings[i].claim for i in over[:2]),
        rules=(Rule("Every symptom is back to normal", True, f"{len(over)} of {len(over)}"),
               Rule("No cause is still at work", True, "none")),
        would_change="It would change if the symptom came back.", cited=tuple(over),
        next_steps=("Watch the symptom; nothing needs to be done now.",),
    )  # fmt: skip


def _inconclusive(
    leader: Ranked | None, rules: tuple[Rule, ...], gaps: tuple[str, ...],
    findings: Sequence[Finding], base: Outcome,
) -> Outcome:  # fmt: skip
    pending = {f.claim for f in findings if is_awaited(f)}
    steps = [f"{'Look again later' if gap in pending else 'Connect or repair'}: {gap}"
             for gap in gaps[:3]]  # fmt: skip
    steps += [f"Not met: {rule.name} ({rule.detail})." for rule in rules if not rule.passed]
    is_level = any(rule.name == AHEAD and not rule.passed for rule in rules)
    is_possible = leader is not None and not is_out(leader)
    rival = rival_of(base.ranked) if is_level and is_possible else None
    if rival is not None:
        base = replace(base, rival=rival, level=level_with(base.ranked))
        steps.append(f"Rule out the lead, or “{rival.scored.claim}”, if you know more: "
                     "it is judged anew at once.")  # fmt: skip
    steps.append("Post a hypothesis: the agents will test it.")
    if leader is None:
        lead = "There is no lead yet."
    elif is_out(leader):
        lead = "The evidence rules out each cause that was tested."
    elif rival is not None:
        lead = (
            f"Strongest lead: {leader.scored.claim} ({base.shown(leader):.0%}); its rival "
            f"“{rival.scored.claim}” has {base.shown(rival):.0%}."
        )
    else:
        lead = (
            f"Strongest lead: {leader.scored.claim}, {likelihood_word(leader.posterior)} "
            f"({leader.posterior:.0%})."
        )
    against = _against(leader, findings, at_most=STRONG_DECIBANS) if leader else ()
    return replace(
        base,
        verdict="inconclusive", leader=leader, confidence=None, dissent=against,
        summary=f"No cause found. {lead}", rules=rules,
        would_change=wanted(leader, rival, rules),
        next_steps=tuple(steps),
    )  # fmt: skip
