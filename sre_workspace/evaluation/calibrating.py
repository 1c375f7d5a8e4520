"""Fitting the calibration map on kept results, and how honest its claims are out of fold.

The rules were written with these cases in view, so that nearly all are right: a map fitted on them
alone would claim certainty. Three things stand for what nobody had in view:

* recordings changed in ways that must not matter, and with a source or a part of one taken away;
* each case once more with the right candidates withheld: what the board claims when no fault model
  knows the cause. ``UNKNOWN_SHARE`` says how many such there are to one as it is;
* figures by maps that saw neither the fault's type nor, in a second pass, anything of its set.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from agents.reconciler.calibration import CalibrationMap
from agents.reconciler.fitting import fit_map, sureness
from agents.reconciler.posterior import Claim
from sre_workspace.evaluation.samples import Sample
from sre_workspace.evaluation.scoring import chance_ece

UNKNOWN_SHARE = 0.1
"""Causes that no model knows, to one that a model knows. Of 53 made cases of unseen types 15 were
wrong at the first try, and about a quarter of what comes is of such a type, which makes 0.07; what
nobody thought of making is worse."""
HOLD = 1.0
"""How hard the map holds on to claims as they are. They are no better than a guess here, and four
times as hard a hold, which suits the few graded outcomes of one place, did worse on a set left out."""
CHANGED_SHARE = 0.5
LOST_SHARE = 0.1
Factors = Mapping[str, float]
AS_IS, CHANGED, LOST, UNKNOWN = "as it is", "changed", "something lost", "unknown"
SHARES = {AS_IS: 1.0, CHANGED: CHANGED_SHARE, LOST: LOST_SHARE, UNKNOWN: UNKNOWN_SHARE}


@dataclass(frozen=True, slots=True)
class Graded:
    """One claim: whose, how it came about (``AS_IS``, ``CHANGED``, ``LOST``, ``UNKNOWN``), and its worth.

    ``is_mapped``: a map is asked at all; see :class:`sre_workspace.evaluation.samples.Asked`.
    """

    set_slug: str
    group: str
    origin: str
    claim: Claim
    is_right: bool
    is_mapped: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """A case as it is with what is claimed for it: in view, and by maps that left it out."""

    set_slug: str
    is_right: bool
    uncalibrated: float
    in_view: float
    type_left_out: float
    set_left_out: float


def graded_of(
    as_is: Sequence[tuple[Sample, Factors]], changed: Sequence[tuple[Sample, Factors]] = (),
    lost: Sequence[tuple[Sample, Factors]] = (),
) -> list[Graded]:  # fmt: skip
    """Return every claim to learn from: of cases as they are, changed, with less, and unknown.

    Each sample comes with the learned factors by which its candidates are weighed.
    """
    unknown = [(_without_right(sample), factors) for sample, factors in as_is]
    return [
        Graded(sample.set_slug, sample.group, origin, told.claim, told.is_right, told.is_mapped)
        for origin, pairs in ((AS_IS, as_is), (CHANGED, changed), (LOST, lost), (UNKNOWN, unknown))
        for sample, factors in pairs
        if (told := sample.claim(factors)) is not None
    ]


def _without_right(sample: Sample) -> Sample:
    wrong = [i for i, is_right in enumerate(sample.right) if not is_right]
    return replace(
        sample, causes=tuple(sample.causes[i] for i in wrong), right=(False,) * len(wrong)
    )


def fit(rows: Sequence[Graded], *, version: str, start: CalibrationMap) -> CalibrationMap:
    """Return the map that fits the claims; ``cases`` counts those that are as they were recorded."""
    rows = [row for row in rows if row.is_mapped]
    found = fit_map(
        [(row.claim, float(row.is_right)) for row in rows],
        version=version, start=start, weights=_weights(rows), hold=HOLD,
    )  # fmt: skip
    return replace(found, cases=sum(row.origin == AS_IS for row in rows))


def _weights(rows: Sequence[Graded]) -> list[float]:
    """Return what each claim counts: a set by the square root of its cases, an origin its share."""
    counts = Counter((row.set_slug, row.origin) for row in rows)
    most = max((n for (_, origin), n in counts.items() if origin == AS_IS), default=1)

    def weight(row: Graded) -> float:
        size = counts[row.set_slug, AS_IS]
        if not size:
            return 0.0
        whole = size * math.sqrt(most / size) * SHARES[row.origin]
        return whole / counts[row.set_slug, row.origin]

    return [weight(row) for row in rows]


def cross_validate(
    rows: Sequence[Graded], *, version: str, start: CalibrationMap,
    in_use: CalibrationMap | None = None,
) -> tuple[CalibrationMap, list[Told]]:  # fmt: skip
    """Return the map fitted on everything, and every recorded case with its claims.

    ``in_use``: the map whose claims are shown as those in view; None: the one that is returned.
    """
    whole = fit(rows, version=version, start=start)
    shown = in_use or whole

    def left_out(by: Callable[[Graded], str]) -> dict[str, CalibrationMap]:
        return {
            key: fit([r for r in rows if by(r) != key], version=version, start=start)
            for key in sorted({by(r) for r in rows})
        }

    by_type, by_set = left_out(lambda r: r.group), left_out(lambda r: r.set_slug)
    told = [
        Told(r.set_slug, r.is_right, r.claim.posterior, _shown(r, shown),
             _shown(r, by_type[r.group]), _shown(r, by_set[r.set_slug]))
        for r in rows if r.origin == AS_IS
    ]  # fmt: skip
    return whole, told


def _shown(row: Graded, by: CalibrationMap) -> float:
    return by.apply(row.claim) if row.is_mapped else row.claim.posterior


def lines_of(told: Sequence[Told]) -> Iterator[str]:
    """Return a Markdown table: by set and of all, in view and left out, and what chance makes."""
    yield ("| set | cases | right | mean claim | before the map | in view | type left out "
           "| set left out | by chance | sure, wrong: in view, left out |")  # fmt: skip
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for slug in [*sorted({t.set_slug for t in told}), "all"]:
        own = [t for t in told if slug in {t.set_slug, "all"}]
        columns = [[t.uncalibrated for t in own], [t.in_view for t in own],
                   [t.type_left_out for t in own], [t.set_left_out for t in own]]  # fmt: skip
        found = [sureness([(p, t.is_right) for p, t in zip(c, own, strict=True)]) for c in columns]
        yield (
            f"| {slug} | {len(own)} | {sum(t.is_right for t in own) / len(own):.3f} "
            f"| {sum(columns[1]) / len(own):.2f} | {' | '.join(f'{f.ece:.3f}' for f in found)} "
            f"| {chance_ece(columns[1]):.3f} "
            f"| {found[1].sure_and_wrong:.1%}, {found[2].sure_and_wrong:.1%} |"
        )
