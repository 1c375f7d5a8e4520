"""Looking at changes: when they came, and whether what they do is what is seen."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from agents.detectors.diff_effects import Effect, provider_in_trouble
from agents.detectors.diff_matching import MATCHED, Match, match, names_in, rarity
from agents.detectors.diff_readings import Review, Risk, review
from agents.enums import Presence
from agents.findings import Finding
from agents.specialists.change_evidence import Evidence, gather_evidence
from agents.specialists.reader import Reader, earliest_symptom
from telemetry.phrasing import clock, duration
from telemetry.redaction import redact
from telemetry.results import ResultStatus
from telemetry.types import ChangeEvent, ChangeKind, ResourceKind, ResourceRef, TelemetryKind

CHANGE_LOOKBACK = timedelta(minutes=25)
# A change that fits what is seen may lie further back; one whose effect grows, as far as is known.
FITTING_LOOKBACK = timedelta(minutes=90)
CHANGE_TOLERANCE = timedelta(seconds=20)
DATING_TOLERANCE = timedelta(minutes=2)
CHANGE_FEATURES = {
    ChangeKind.DEPLOY: "deploy_before_onset",
    ChangeKind.CONFIG: "config_before_onset",
    ChangeKind.FLAG: "flag_before_onset",
    ChangeKind.SCHEMA: "schema_before_onset",
    ChangeKind.INFRASTRUCTURE: "infrastructure_before_onset",
}
# How much of its nearness in time counts for a change that does not fit.
SHARE_OF_RISK = {Risk.HARMLESS: 0.1, Risk.REORDERS: 0.3, Risk.UNCLEAR: 0.7, Risk.RISKY: 0.6}
# What a change does to those it calls, and to those who call it or read what it writes.
DOWNWARDS = frozenset({
    Effect.LOAD, Effect.QUERY, Effect.CACHE, Effect.LOCK, Effect.CONNECTIONS, Effect.RETRY,
    Effect.LIMITED, Effect.POOL, Effect.CONTRACT, Effect.BACKLOG,
})  # fmt: skip
UPWARDS = frozenset({
    Effect.CONTRACT, Effect.MISSING, Effect.AUTH, Effect.CONNECT, Effect.TIMEOUT, Effect.BACKLOG,
    Effect.LIMITED, Effect.SIZE, Effect.STALE, Effect.DUPLICATE, Effect.ARITHMETIC,
})  # fmt: skip
TO_STRANGERS = frozenset({
    Effect.CONTRACT, Effect.MISSING, Effect.AUTH, Effect.LOAD, Effect.QUERY, Effect.BACKLOG,
    Effect.LIMITED, Effect.CONFIG, Effect.LOCK,
})  # fmt: skip
# Below this, nothing of a change was found in what is seen.
UNFITTING = 0.25
PROVIDER_GROWTH = 3.0


@dataclass(frozen=True, slots=True)
class Weighed:
    """A change with what its diff does and how that fits. ``is_own``: the symptom depends on it."""

    change: ChangeEvent
    review: Review
    match: Match
    is_own: bool
    age: timedelta

    @property
    def fits(self) -> bool:
        """Whether it does what is seen."""
        return self.match.fit >= MATCHED

    @property
    def is_slow(self) -> bool:
        """Whether its effect may come hours later."""
        return self.match.reading is not None and self.match.reading.is_slow


def check_changes(reader: Reader) -> Iterator[Finding]:
    """Find changes before the first symptom; the nearer and the more fitting, the stronger."""
    result = reader.changes()
    weighed = _weigh(reader)
    for each in weighed:
        feature = CHANGE_FEATURES.get(each.change.kind)
        if feature is None or not _is_in_time(each):
            continue
        yield _finding(reader, each, feature, _strength(each))
        if each.fits:
            what = "diff_matches" if each.is_own else "diff_harms_others"
            yield _finding(reader, each, what, each.match.fit)
    yield from _harmless(reader, weighed)
    if result.status in {ResultStatus.OK, ResultStatus.NO_DATA}:
        yield from _unchanged(reader)


def _weigh(reader: Reader) -> list[Weighed]:
    case, start = reader.case, earliest_symptom(reader.case)
    own = list(reader.changes().data)
    reviews = {id(c): _review(c) for c in own}
    has_diffs = any(c.diff for c in own)
    evidence = gather_evidence(reader) if has_diffs else Evidence()
    elsewhere = reader.changes_elsewhere() if has_diffs else ()
    reviews |= {id(c): _review(c) for c in elsewhere}
    known = rarity({c.id: reviews[id(c)] for c in (*own, *elsewhere)}.values())
    ignored = names_in(" ".join(r.name for r in (*case.affected, *case.graph.resources)))
    symptoms = {s.resource for s in case.symptoms}
    below = _below(reader)
    found = []
    for change in (*own, *elsewhere):
        is_stranger = change.resource not in set(case.affected) and bool(case.affected)
        effects, texts = _seen_from(reader, evidence, change.resource, is_stranger=is_stranger)
        matched = (
            match(reviews[id(change)], effects, texts, known, ignored)
            if change.diff
            else Match(0.0)
        )
        if is_stranger and (matched.fit < MATCHED or len(matched.shared) == 0):
            continue
        is_own = not is_stranger and (change.resource in below or change.resource in symptoms)
        found.append(Weighed(change, reviews[id(change)], matched, is_own, start - change.at))
    return found


def _review(change: ChangeEvent) -> Review:
    files = dict(change.attributes).get("files", "")
    return review(change.diff, [f.strip() for f in files.split(",") if f.strip()])


def _below(reader: Reader) -> set[ResourceRef]:
    """Return what the symptoms depend on; everything in scope where no calls are known."""
    graph = reader.case.graph
    if not graph.edges:
        return set(reader.case.affected)
    found = {s.resource for s in reader.case.symptoms}
    frontier = set(found)
    while frontier:
        frontier = {c for r in frontier for c in graph.callees(r)} - found
        found |= frontier
    return found


def _seen_from(
    reader: Reader, evidence: Evidence, resource: ResourceRef, *, is_stranger: bool
) -> tuple[frozenset[Effect], tuple[str, ...]]:
    case = reader.case
    symptoms = [s.resource for s in case.symptoms]
    if is_stranger:
        effects, texts = evidence.at(symptoms)
        return effects & TO_STRANGERS, texts
    effects, texts = evidence.at([resource])
    down, down_texts = evidence.at(case.graph.callees(resource))
    up, up_texts = evidence.at(case.graph.callers(resource))
    effects |= (down & DOWNWARDS) | (up & UPWARDS)
    return effects, (*texts, *down_texts, *up_texts)


def _is_in_time(each: Weighed) -> bool:
    if each.age < -CHANGE_TOLERANCE:
        return False
    if each.fits:
        return each.is_slow or each.age <= FITTING_LOOKBACK
    return each.age <= CHANGE_LOOKBACK


def _strength(each: Weighed) -> float:
    near = max(0.2, math.exp(-max(each.age.total_seconds(), 0.0) / 60 / 12))
    if not each.change.diff:
        return near
    if each.fits:
        return max(near, 0.5 + 0.5 * each.match.fit)
    return near * min(1.0, SHARE_OF_RISK[each.review.risk] + each.match.fit)


def _finding(reader: Reader, each: Weighed, feature: str, strength: float) -> Finding:
    change = each.change
    sample: dict[str, object] = {
        "diff": redact(change.diff), "summary": redact(change.summary, limit=300),
    }  # fmt: skip
    if each.review.sentence:
        sample["does"] = redact(each.review.sentence, limit=200)
    return Finding(
        agent=reader.agent,
        feature=feature,
        resource=change.resource,
        presence=Presence.PRESENT,
        kind=TelemetryKind.CHANGE,
        claim=_claim(each, feature),
        provenance=reader.changes().provenance,
        magnitude=each.age.total_seconds(),
        unit="seconds",
        strength=strength,
        onset_at=change.at,
        sample=sample,
        change_id=change.id,
        is_tainted=True,
    )


def _claim(each: Weighed, feature: str) -> str:
    change, seconds = each.change, each.age.total_seconds()
    does = redact(each.review.sentence, limit=160)
    if feature in {"diff_matches", "diff_harms_others"}:
        reading = each.match.reading
        does = redact(reading.sentence, limit=160) if reading else does
        names = ", ".join(each.match.shared[:2])
        tail = redact(f" Its errors name {names} as well.", limit=160) if names else ""
        what = f"The change of {change.resource.name} at {clock(change.at)} {does}"
        return f"{what}, which fits what is seen.{tail}"
    words = {"deploy": "rollout", "config": "setting change"}.get(
        change.kind.value, change.kind.value
    )
    when = (
        f"{duration(abs(seconds))} {'before' if seconds >= 0 else 'after'} the symptom was reported"
    )
    text = redact(change.summary, limit=140)
    who = f" by {change.author}" if change.author else ""
    tail = f" It {does}." if does else ""
    return (
        f"{words.capitalize()} of {change.resource.name} at {clock(change.at)}{who}, {when}: {text}."
        f"{tail}"
    )


def _harmless(reader: Reader, weighed: list[Weighed]) -> Iterator[Finding]:
    """Report resources all of whose changes could not do what is seen."""
    by_resource: dict[ResourceRef, list[Weighed]] = {}
    for each in weighed:
        if each.change.kind in {ChangeKind.DEPLOY, ChangeKind.CONFIG} and _is_in_time(each):
            by_resource.setdefault(each.change.resource, []).append(each)
    for resource, changes in by_resource.items():
        if any(not c.change.diff or c.match.fit >= UNFITTING for c in changes):
            continue
        worst = max(c.review.risk for c in changes)
        strength = {Risk.HARMLESS: 1.0, Risk.REORDERS: 0.55}.get(worst, 0.0)
        if not strength:
            continue
        said = "; ".join(dict.fromkeys(f"it {c.review.sentence}" for c in changes[:3]))
        yield Finding(
            agent=reader.agent, feature="changes_harmless", resource=resource,
            presence=Presence.PRESENT, kind=TelemetryKind.CHANGE,
            claim=f"Nothing that changed on {resource.name} could cause this: "
            f"{redact(said, limit=220)}.",
            provenance=reader.changes().provenance, strength=strength, is_tainted=True,
        )  # fmt: skip


def _unchanged(reader: Reader) -> Iterator[Finding]:
    result = reader.changes()
    start = earliest_symptom(reader.case)
    near = {
        (c.resource, c.kind)
        for c in result.data
        # Shortly after the alert nothing is said either way: alerts are dated to the minute.
        if start - CHANGE_LOOKBACK <= c.at <= start + DATING_TOLERANCE
    }
    for resource in reader.case.affected:
        if resource.kind is ResourceKind.EXTERNAL:
            continue
        for kind, feature in CHANGE_FEATURES.items():
            if (resource, kind) not in near and kind in {ChangeKind.DEPLOY, ChangeKind.CONFIG}:
                what = "rollout" if kind is ChangeKind.DEPLOY else "setting change"
                yield Finding(
                    agent=reader.agent, feature=feature, resource=resource,
                    presence=Presence.ABSENT, kind=TelemetryKind.CHANGE,
                    claim=f"No {what} of {resource.name} in the 25 min before the symptom.",
                    provenance=result.provenance,
                )  # fmt: skip


def check_providers(reader: Reader) -> Iterator[Finding]:
    """Report systems outside whose failing answers our services log far more often than before."""
    case = reader.case
    logs = reader.logs("window")
    before = Counter(
        (x.resource, provider_in_trouble(x.body).lower()) for x in reader.logs("baseline").data
    )
    seen: dict[tuple[ResourceRef, str], list[str]] = {}
    for line in logs.data:
        name = provider_in_trouble(line.body)
        own = {r.name for r in reader.case.affected}
        if name and name.partition(".")[0] not in own:
            seen.setdefault((line.resource, re.sub(r"\s+", " ", name.lower())), []).append(
                line.body
            )
    for (resource, name), bodies in seen.items():
        # A few before the alert are its beginning, or usual: many times as many are not.
        usual = before[resource, name] * case.window.duration / case.baseline.duration
        if len(bodies) < 3 or len(bodies) < PROVIDER_GROWTH * usual:
            continue
        yield Finding(
            agent=reader.agent, feature="provider_failing", resource=resource,
            peer=ResourceRef(ResourceKind.EXTERNAL, name), presence=Presence.PRESENT,
            kind=TelemetryKind.LOG,
            claim=f"{resource.name} logs {len(bodies)} failing calls to {name}, which is not ours.",
            provenance=logs.provenance, strength=min(1.0, 0.4 + len(bodies) / 20),
            magnitude=float(len(bodies)), unit="count",
            sample={"lines": [redact(b, limit=300) for b in bodies[:5]]}, is_tainted=True,
        )  # fmt: skip
