"""Looking for a rollout whose new pods do worse than the old ones beside them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agents.detectors.versions import (
    Samples,
    VersionGap,
    ceased_at,
    is_idle,
    is_sampled,
    longest_gap,
    takes_requests,
    version_gap,
)
from agents.enums import Presence
from agents.findings import Finding
from agents.specialists.reader import Reader
from telemetry.phrasing import clock, quantity
from telemetry.types import (
    TEMPLATE_HASH,
    ChangeEvent,
    ChangeKind,
    ResourceRef,
    Semantic,
    Series,
    TelemetryKind,
    utc,
)

WORSE, IDLE, CEASE = "new_version_worse", "new_version_idle", "requests_cease"
SERVED = {Semantic.ERROR_RATIO, Semantic.LATENCY_P99_SECONDS}
ROLLED_OUT = {ChangeKind.DEPLOY, ChangeKind.CONFIG}


@dataclass(frozen=True, slots=True)
class Rule:
    """When a gap between versions counts: beyond the worst old pod by so much, and so many times.

    ``full``: the excess (or, for a ratio rule, the ratio) at which it is as clear as can be.
    """

    semantic: Semantic
    unit: str
    min_excess: float
    min_ratio: float
    full: float
    what: str


RULES = (
    Rule(Semantic.ERROR_RATIO, "ratio", 0.05, 1.2, 0.3, "errors"),
    Rule(Semantic.LATENCY_P99_SECONDS, "seconds", 0.02, 1.5, 4.0, "latency"),
    Rule(Semantic.CPU_UTILISATION_RATIO, "ratio", 0.1, 1.5, 4.0, "CPU"),
)
# A new version that is slower or hungrier may only be cold; one that fails is broken.
SECONDARY = 0.6


def check_versions(reader: Reader) -> Iterator[Finding]:
    """Compare, for every rollout, the pods of the new version with those of the old."""
    rollouts = [c for c in reader.changes().data
                if c.kind in ROLLED_OUT and _hash_of(c)]  # fmt: skip
    if not rollouts:
        return
    wanted = tuple(dict.fromkeys(rule.semantic for rule in RULES))
    known: dict[tuple[ResourceRef, Semantic], dict[str, Samples]] = {}
    for series in reader.by_pod(wanted).data:
        if series.ref.semantic is not None and (pod := _pod_of(series)):
            known.setdefault((series.ref.resource, series.ref.semantic), {})[pod] = (
                series.times, series.values,
            )  # fmt: skip
    for change in _arrivals(rollouts):
        yield from _compared(reader, change, known)
        yield from _ceased(reader, change, known)


def _arrivals(rollouts: Sequence[ChangeEvent]) -> list[ChangeEvent]:
    """Return for each resource the rollout by which its newest version came.

    A rollout in steps, or one scaled up later, is several changes to the same version.
    """
    newest = {change.resource: _hash_of(change) for change in rollouts}
    found: dict[ResourceRef, ChangeEvent] = {}
    for change in rollouts:
        if _hash_of(change) == newest[change.resource]:
            found.setdefault(change.resource, change)
    return list(found.values())


def _hash_of(change: ChangeEvent) -> str:
    return dict(change.attributes).get(TEMPLATE_HASH, "")


def _pod_of(series: Series) -> str:
    return dict(series.ref.labels).get("pod", "")


def _compared(
    reader: Reader, change: ChangeEvent, known: Mapping[tuple[ResourceRef, Semantic],
                                                        dict[str, Samples]],
) -> Iterator[Finding]:  # fmt: skip
    mark = f"-{_hash_of(change)}-"
    gaps: list[tuple[float, Rule, VersionGap]] = []
    is_awaited = False
    for rule in RULES:
        pods = known.get((change.resource, rule.semantic), {})
        new = {pod: samples for pod, samples in pods.items() if mark in pod}
        old = {pod: samples for pod, samples in pods.items() if mark not in pod}
        gap = version_gap(new, old, since=change.at.timestamp()) if new and old else None
        if gap is not None:
            gaps.append((_strength(rule, gap), rule, gap))
        if rule.semantic is Semantic.ERROR_RATIO and old:
            idle = list(_idle(reader, change, new, old))
            yield from idle
            is_awaited = takes_requests(old, since=change.at.timestamp()) and not any(
                f.presence is Presence.PRESENT for f in idle
            )
    # CPU alone does not clear a version: only requests that it served do, if there were enough.
    if any(s > 0 or (rule.semantic in SERVED and gap.weight == 1) for s, rule, gap in gaps):
        yield _worse(reader, change, *max(gaps, key=lambda found: (found[0], found[2].weight)))
    elif is_awaited:
        yield _untold(reader, change)


def _strength(rule: Rule, gap: VersionGap) -> float:
    if gap.excess < max(rule.min_excess, 2 * gap.spread) or gap.ratio < rule.min_ratio:
        return 0.0
    if rule.semantic is Semantic.ERROR_RATIO:
        return gap.weight * gap.own_share * min(1.0, 0.3 + 0.7 * gap.excess / rule.full)
    return gap.weight * gap.own_share * SECONDARY * min(1.0, gap.ratio / rule.full)


def _worse(
    reader: Reader, change: ChangeEvent, strength: float, rule: Rule, gap: VersionGap
) -> Finding:
    name = change.resource.name
    levels = f"{quantity(gap.new, rule.unit)}, its old ones {quantity(gap.old, rule.unit)}"
    claim = (
        f"Since {clock(gap.first_at)} {rule.what} of the new pods of {name}: {levels} in the same "
        f"minutes, the worst of them {quantity(gap.worst_old, rule.unit)}."
        if strength > 0
        else f"New pods of {name} do no worse than its old ones beside them ({rule.what}: {levels})."
    )
    return _finding(reader, WORSE, change, claim, is_present=strength > 0, strength=strength or 1.0,
                    magnitude=gap.excess, unit=rule.unit, onset=gap.first_at)  # fmt: skip


def _ceased(
    reader: Reader, change: ChangeEvent, known: Mapping[tuple[ResourceRef, Semantic],
                                                        dict[str, Samples]],
) -> Iterator[Finding]:  # fmt: skip
    """Tell that a service with old pods left takes no requests any more, while others do."""
    served = {r: pods for (r, semantic), pods in known.items() if semantic is Semantic.ERROR_RATIO}
    pods = served.get(change.resource, {})
    mark = f"-{_hash_of(change)}-"
    since = change.at.timestamp()
    gap = longest_gap(pods, until=since)
    others = [
        float(times[~np.isnan(values)][-1])
        for resource, found in served.items() if resource != change.resource
        for times, values in found.values() if not np.isnan(values).all()
    ]  # fmt: skip
    working = known.get((change.resource, Semantic.CPU_UTILISATION_RATIO), {})
    lives = {pod: samples for pod, samples in working.items() if mark not in pod}
    # Old pods that are gone take nothing either: that would be no sign of its callers' trouble.
    if gap is None or not others or not is_sampled(lives, until=max(others)):
        return
    last = ceased_at(pods, usual_gap=gap, until=max(others))
    name = change.resource.name
    claim = (
        f"Nobody asks {name} since {clock(last)}, old pods or new; others are still asked."
        if last is not None
        else f"{name} is still asked."
    )
    yield _finding(reader, CEASE, change, claim, is_present=last is not None, strength=1.0,
                   onset=last or since)  # fmt: skip


def _untold(reader: Reader, change: ChangeEvent) -> Finding:
    """Return that nobody can tell yet how a new version does."""
    claim = (
        f"New pods of {change.resource.name}, rolled out at {clock(change.at.timestamp())}, answered "
        f"too few requests so far to tell whether they do worse than the old ones."
    )
    wanted = tuple(dict.fromkeys(rule.semantic for rule in RULES))
    return Finding(
        agent=reader.agent, feature=WORSE, resource=change.resource, presence=Presence.UNKNOWN,
        kind=TelemetryKind.METRIC, claim=claim, provenance=reader.by_pod(wanted).provenance,
        extra_provenance=(reader.changes().provenance,), change_id=change.id,
    )  # fmt: skip


def _idle(
    reader: Reader, change: ChangeEvent, new: dict[str, Samples], old: dict[str, Samples]
) -> Iterator[Finding]:
    since, until = change.at.timestamp(), reader.case.window.end.timestamp()
    found = is_idle(new, old, since=since, until=until)
    if found is None:
        return
    name = change.resource.name
    claim = (
        f"Pods of the version of {name} rolled out at {clock(since)} have taken no request, while "
        f"{len(old)} old ones go on taking them."
        if found
        else f"Pods of the new version of {name} take requests."
    )
    yield _finding(reader, IDLE, change, claim, is_present=found, strength=1.0, onset=since)


def _finding(
    reader: Reader, feature: str, change: ChangeEvent, claim: str, *, is_present: bool,
    strength: float, onset: float, magnitude: float | None = None, unit: str = "",
) -> Finding:  # fmt: skip
    wanted = tuple(dict.fromkeys(rule.semantic for rule in RULES))
    return Finding(
        agent=reader.agent,
        feature=feature,
        resource=change.resource,
        presence=Presence.PRESENT if is_present else Presence.ABSENT,
        kind=TelemetryKind.METRIC,
        claim=claim,
        provenance=reader.by_pod(wanted).provenance,
        extra_provenance=(reader.changes().provenance,),
        magnitude=magnitude if is_present and np.isfinite(magnitude or 0.0) else None,
        unit=unit,
        strength=strength,
        onset_at=utc(onset) if is_present else None,
        change_id=change.id,
    )
