"""``manage.py learn``: fit weights and calibration on kept results, and say what it is worth."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agents.reconciler.calibration import INPUTS, NONE, CalibrationMap
from agents.reconciler.fitting import Sureness, sureness
from sre_workspace.evaluation.learning import (
    Validated,
    calibrate,
    fit_factors,
    out_of_fold,
    validate,
)
from sre_workspace.evaluation.running import read_results
from sre_workspace.evaluation.samples import Sample, samples_of
from sre_workspace.evaluation.sets import SETS

PULLS = (10.0, 3.0, 1.0, 0.3)
WORTH_IT = 0.01
"""Learned weights are shipped only if they are right this much more often on unseen faults."""
Told = Sequence[tuple[Sample, float, float, bool]]


class Command(BaseCommand):
    """Fit, validate by leaving out one type of fault at a time, print, and write on request."""

    help = "Learn weights and the calibration map from results that `evaluate --work` kept."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Where results and labels are, and whether to ship what was learned."""
        parser.add_argument("sets", nargs="+", metavar="SET=FOLDER", help="folder with labels.json")
        parser.add_argument("--work", type=Path, required=True, help="as given to evaluate")
        parser.add_argument("--write", action="store_true", help="write weights and calibration")

    def handle(self, *args: object, **options: object) -> None:
        """Learn from every set at once."""
        work = Path(str(options["work"]))
        samples = [s for text in _texts(options["sets"]) for s in _samples(text, work)]
        if not samples:
            raise CommandError("No kept result has a label: run `evaluate --work` first.")
        version = f"{datetime.now(UTC):%Y-%m-%d}"
        pull, checked, pairs = self._best(samples)
        is_worth_it = checked.learned >= checked.stated + WORTH_IT
        if not is_worth_it:
            pairs = [(sample, {}) for sample in samples]
        factors = fit_factors(samples, pull=pull) if is_worth_it else {}
        found, told = calibrate(pairs, version=version, start=NONE)
        self.stdout.write(f"weights: {'learned' if is_worth_it else 'as stated'}, pull {pull:g}")
        self._show(told)
        self.stdout.write(f"map: {dict(zip(INPUTS, found.coefficients, strict=True))}")
        if options["write"]:
            _write(factors, found, samples, checked, told)

    def _best(
        self, samples: Sequence[Sample]
    ) -> tuple[float, Validated, list[tuple[Sample, dict[str, float]]]]:
        best: tuple[float, Validated, list[tuple[Sample, dict[str, float]]]] | None = None
        for pull in PULLS:
            pairs = out_of_fold(samples, pull=pull)
            checked = validate(pairs)
            self.stdout.write(
                f"pull {pull:4g}: first answer right, mean of the sets: stated {checked.stated:.3f}, "
                f"learned {checked.learned:.3f}; "
                + ", ".join(f"{k} n={n} {a:.2f}>{b:.2f}" for k, (n, a, b) in checked.by_set.items())
            )
            if best is None or checked.learned > best[1].learned + 1e-9:
                best = (pull, checked, pairs)
        if best is None:
            raise CommandError("Nothing to learn from.")
        return best

    def _show(self, told: Told) -> None:
        for slug in [*sorted({s.set_slug for s, *_ in told}), "all"]:
            own = [row for row in told if slug in {row[0].set_slug, "all"}]
            before, after = _before_after(own)
            self.stdout.write(
                f"{slug:18s} n={before.count:4d}  Brier {before.brier:.3f} > {after.brier:.3f}  "
                f"ECE {before.ece:.3f} > {after.ece:.3f}  "
                f"sure and wrong {before.sure_and_wrong:.1%} > {after.sure_and_wrong:.1%}"
            )


def _before_after(told: Told) -> tuple[Sureness, Sureness]:
    return (
        sureness([(before, right) for _, before, _, right in told]),
        sureness([(after, right) for _, _, after, right in told]),
    )


def _texts(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _samples(text: str, work: Path) -> Iterator[Sample]:
    slug, _, folder = text.partition("=")
    labels = Path(folder) / "labels.json"
    if slug not in SETS or not labels.is_file():
        raise CommandError(f"{text}: a known set and a folder with labels.json are needed.")
    results = list(read_results(work / f"{slug}.jsonl"))
    yield from samples_of(SETS[slug], results, json.loads(labels.read_text(encoding="utf-8")))


def _write(
    factors: Mapping[str, float], found: CalibrationMap, samples: Sequence[Sample],
    checked: Validated, told: Told,
) -> None:  # fmt: skip
    folder = Path(settings.BASE_DIR) / "agents" / "reconciler"
    counts = {slug: sum(s.set_slug == slug for s in samples) for slug in checked.by_set}
    before, after = _before_after(told)
    origin = {
        "version": found.version, "fitted_on": counts,
        "left_out": "one type of fault of one set at a time",
    }  # fmt: skip
    weights = {
        **origin,
        "first_answer_right": {"stated": round(checked.stated, 3),
                               "learned": round(checked.learned, 3)},
        "factors": dict(factors),
    }  # fmt: skip
    mapped = {
        **origin, "cases": found.cases,
        "brier": {"before": round(before.brier, 3), "after": round(after.brier, 3)},
        "ece": {"before": round(before.ece, 3), "after": round(after.ece, 3)},
        "coefficients": dict(zip(INPUTS, found.coefficients, strict=True)),
    }  # fmt: skip
    for name, data in (("weights.json", weights), ("calibration.json", mapped)):
        (folder / name).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
