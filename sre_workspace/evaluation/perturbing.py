"""Recorded incidents changed in ways that must not matter: names, noise, scale, times, missing parts.

How often the first answer stays right under these says how far rules rest on what they were written
with. Every change is drawn from the case's name and the perturbation's, so runs repeat exactly.
"""

import random
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np

from sre_workspace.evaluation.other_cases import (
    blended,
    forgetful,
    pruned,
    shortened,
    with_neighbour,
)
from telemetry.adapters.recorded import Recording
from telemetry.types import ClusterState, LogLine, ResourceKind, ResourceRef, Series, TimeWindow

NOISE = 0.10
KEPT_SHARE = 0.7
SCALES = (0.5, 2.0)
MOVED_SHARE = 0.15
MAX_MOVE = timedelta(minutes=2)
# Words of a name that say what kind of thing it is, on any system: these stay.
TELLING = re.compile(
    r"^(my|maria|postgres|pg)?(sql|db)$|^(mysql|postgres|postgresql|mongo|mongodb|redis|memcached|"
    r"rabbitmq|kafka|database|cache|queue|gateway|ingress|proxy|router|service|svc|leader|external|"
    r"aws|lambda|function|dynamodb|sqs|sns|s3|elb|ecs|loadbalancer|frontend|front|end|ui)$", re.I,
)  # fmt: skip
SYLLABLES = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ka",
    "le",
    "mi",
    "no",
    "pu",
    "ra",
    "se",
    "ti",
    "vo",
    "zu",
)
UNSCALED = {"ratio", "count"}


@dataclass(frozen=True, slots=True)
class Perturbed:
    """A changed recording. ``originals``: what a new name was called before."""

    recording: Recording
    originals: dict[str, str] = field(default_factory=dict)

    def original(self, resource_key: str) -> str:
        """Return a resource's key with the name it had."""
        ref = ResourceRef.parse(resource_key)
        return str(replace(ref, name=self.originals.get(ref.name, ref.name)))


def perturb(recording: Recording, name: str, case_id: str) -> Perturbed:
    """Return the recording under one of ``PERTURBATIONS``; the same for the same names.

    Raises:
        KeyError: There is no such perturbation.
    """
    seed = zlib.crc32(f"{name}/{case_id}".encode())
    draw = random.Random(seed)  # noqa: S311  # repeatable on purpose
    return PERTURBATIONS[name][1](recording, draw)


def _with(recording: Recording, **parts: Any) -> Perturbed:
    return Perturbed(replace(recording, data=replace(recording.data, **parts)))


def renamed(recording: Recording, draw: random.Random) -> Perturbed:
    """Call every resource otherwise, in text too; words that tell its kind stay."""
    refs = {r for r in _refs(recording) if r.kind is not ResourceKind.POD}
    words: dict[str, str] = {}
    names: dict[str, str] = {}
    for old in sorted({r.name for r in refs}):
        parts = re.split(r"([^A-Za-z0-9]+)", old)
        names[old] = "".join(
            p if not p.isalnum() or TELLING.match(p) else words.setdefault(p, _word(draw, words))
            for p in parts
        )  # fmt: skip
    walker = _Renamer(names)
    changed = Recording(
        recording.format, walker.text(recording.title), walker.walk(recording.data),
        walker.walk(recording.alert), recording.window, recording.baseline,
    )  # fmt: skip
    return Perturbed(changed, {new: old for old, new in names.items()})


def _word(draw: random.Random, taken: dict[str, str]) -> str:
    while True:
        word = "".join(draw.choice(SYLLABLES) for _ in range(3))
        if word not in taken.values():
            return word


def _refs(recording: Recording) -> set[ResourceRef]:
    data = recording.data
    found = {recording.alert.resource}
    found |= {s.ref.resource for s in (*(data.series or ()), *(data.pod_series or ()))}
    found |= set(data.graph.resources) if data.graph else set()
    found |= {w.resource for w in data.cluster.workloads} if data.cluster else set()
    found |= {line.resource for line in data.logs or ()}
    found |= {span.resource for span in data.spans or ()}
    return found


class _Renamer:
    """Puts new names in place of old ones in values of any shape."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        longest = sorted(names, key=len, reverse=True)
        whole = "|".join(map(re.escape, longest)) or r"(?!)"
        self.pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{whole})(?![A-Za-z0-9])")
        self.known: dict[str, str] = {}
        self.refs: dict[ResourceRef, ResourceRef] = {}

    def text(self, text: str) -> str:
        """Return a text with the new names."""
        if text not in self.known:
            self.known[text] = self.pattern.sub(lambda m: self.names[m[0]], text)
        return self.known[text]

    def walk(self, item: Any) -> Any:
        """Return a value with every text and reference in it renamed; enums and numbers stay."""
        if isinstance(item, ResourceRef):
            if item not in self.refs:
                self.refs[item] = replace(item, name=self.text(item.name))
            return self.refs[item]
        if type(item) is str:
            return self.text(item)
        if isinstance(item, list | tuple | set | frozenset):
            return type(item)(self.walk(one) for one in item)
        if isinstance(item, dict):
            return {self.walk(k): self.walk(v) for k, v in item.items()}
        if is_dataclass(item) and not isinstance(item, type):
            return type(item)(**{f.name: self.walk(getattr(item, f.name)) for f in fields(item)})
        return item


def _series(recording: Recording, change: Callable[[Series], Series]) -> Perturbed:
    def each(found: list[Series] | None) -> list[Series] | None:
        return [change(s) for s in found] if found is not None else None

    data = recording.data
    return _with(recording, series=each(data.series), pod_series=each(data.pod_series))


def noisy(recording: Recording, draw: random.Random) -> Perturbed:
    """Make every sample a tenth wrong, up or down; what is zero stays so."""
    numbers = np.random.default_rng(draw.getrandbits(32))

    def change(one: Series) -> Series:
        return replace(one, values=one.values * np.exp(numbers.normal(0, NOISE, len(one.values))))

    return _series(recording, change)


def scaled(recording: Recording, draw: random.Random) -> Perturbed:
    """Give every resource another size: its rates, times and bytes by one factor, 0.5 to 2."""
    low, high = SCALES
    factors: dict[str, float] = {}

    def change(one: Series) -> Series:
        name = one.ref.resource.name
        factor = factors.setdefault(name, low * (high / low) ** draw.random())
        return one if one.ref.unit in UNSCALED else replace(one, values=one.values * factor)

    return _series(recording, change)


def thinned(recording: Recording, draw: random.Random) -> Perturbed:
    """Lose three in ten samples, lines and traces; a trace is lost as a whole."""
    numbers = np.random.default_rng(draw.getrandbits(32))
    data = recording.data

    def change(one: Series) -> Series:
        kept = numbers.random(len(one.times)) < KEPT_SHARE
        return replace(one, times=one.times[kept], values=one.values[kept])

    def is_kept(trace_id: str) -> bool:
        return zlib.crc32(trace_id.encode()) % 100 < KEPT_SHARE * 100

    def is_line_kept(line: LogLine) -> bool:
        return is_kept(line.trace_id) if line.trace_id else draw.random() < KEPT_SHARE

    logs = [x for x in data.logs if is_line_kept(x)] if data.logs is not None else None
    spans = [s for s in data.spans if is_kept(s.trace_id)] if data.spans is not None else None
    return _series(_with(recording, logs=logs, spans=spans).recording, change)


def _moved(recording: Recording, sign: int) -> Perturbed:
    """Date the alert otherwise: it is noticed later, or the fault is said to be older than it is."""
    window, alert = recording.window, recording.alert
    by = sign * min(MAX_MOVE, MOVED_SHARE * window.duration)
    start = max(window.start + by, recording.baseline.start + timedelta(seconds=2))
    changed = replace(
        recording,
        alert=replace(alert, starts_at=min(alert.starts_at + by, window.end - timedelta(seconds=1))),
        window=TimeWindow(start, window.end), baseline=TimeWindow(recording.baseline.start, start),
    )  # fmt: skip
    return Perturbed(changed)


def late(recording: Recording, draw: random.Random) -> Perturbed:
    """Notice later: part of the fault lies in what is taken for normal."""
    return _moved(recording, 1)


def early(recording: Recording, draw: random.Random) -> Perturbed:
    """Date the symptom too early: part of what is normal lies in the window."""
    return _moved(recording, -1)


def _cluster(recording: Recording, change: Callable[[ClusterState], ClusterState]) -> Perturbed:
    state = recording.data.cluster
    return _with(recording, cluster=change(state)) if state is not None else Perturbed(recording)


def doubled(recording: Recording, draw: random.Random) -> Perturbed:
    """Run every workload with twice as many pods, each as its twin is."""
    return _cluster(recording, lambda c: replace(
        c,
        pods=tuple(p for one in c.pods for p in (one, replace(one, name=f"{one.name[:-1]}2"))),
        workloads=tuple(
            replace(w, replicas_desired=2 * w.replicas_desired, replicas_ready=2 * w.replicas_ready)
            for w in c.workloads
        ),
    ))  # fmt: skip


def reordered(recording: Recording, draw: random.Random) -> Perturbed:
    """Tell everything in another order."""
    data = recording.data

    def mixed(found: Any) -> Any:
        return draw.sample(list(found), len(found)) if found else found

    def state(c: ClusterState) -> ClusterState:
        pods, workloads, nodes = (tuple(mixed(x)) for x in (c.pods, c.workloads, c.nodes))
        return replace(c, pods=pods, workloads=workloads, nodes=nodes)

    parts = {n: mixed(getattr(data, n)) for n in ("series", "pod_series", "logs", "spans")}
    return _cluster(_with(recording, **parts).recording, state)


def without_manifests(recording: Recording, draw: random.Random) -> Perturbed:
    """Lose what was declared: templates, services, claims, volumes."""
    return _cluster(recording, lambda c: replace(
        c, workloads=tuple(replace(w, template=None) for w in c.workloads)
    ))  # fmt: skip


def without_events(recording: Recording, draw: random.Random) -> Perturbed:
    """Lose the cluster's journal."""
    return _cluster(recording, lambda c: replace(c, events=()))


def without_tests(recording: Recording, draw: random.Random) -> Perturbed:
    """Lose the attempts to connect."""
    return _cluster(recording, lambda c: replace(c, details=replace(c.details, tests=())))


Change = Callable[[Recording, random.Random], Perturbed]
PERTURBATIONS: dict[str, tuple[str, Change]] = {
    "renamed": ("every resource has another name", renamed),
    "noisy": ("every sample is off by a tenth", noisy),
    "scaled": ("rates, times and bytes of a resource 0.5 to 2 times", scaled),
    "thinned": ("three in ten samples, lines and traces are lost", thinned),
    "late": ("noticed later", late),
    "early": ("dated too early", early),
    "doubled": ("twice as many pods", doubled),
    "reordered": ("told in another order", reordered),
    "weaker": ("half as strong", lambda r, _: Perturbed(blended(r, 0.5))),
    "stronger": ("twice as strong", lambda r, _: Perturbed(blended(r, 2.0))),
    "short": ("looked at sooner, in 0.6 of the window", lambda r, _: Perturbed(shortened(r))),
    "forgetful": ("a third of the baseline", lambda r, _: Perturbed(forgetful(r))),
    "neighbour": ("with a restless service beside", lambda r, d: Perturbed(with_neighbour(r, d))),
    "pruned": ("without two thirds of the calm services", lambda r, d: Perturbed(pruned(r, d))),
    "no-manifests": ("without manifests", without_manifests),
    "no-events": ("without the cluster's events", without_events),
    "no-tests": ("without connection tests", without_tests),
}
# These change a cluster's state alone.
OF_CLUSTERS = {"doubled", "no-manifests", "no-events", "no-tests"}
# These take away what the right answer may rest on: they ask for modesty, not for being right.
LOSSY = {"no-manifests", "no-events", "no-tests"}
