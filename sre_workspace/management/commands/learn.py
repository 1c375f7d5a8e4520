"""``manage.py learn``: fit weights and calibration on kept results, and say what it is worth."""

import argparse
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agents.reconciler.calibration import INPUTS, NONE, CalibrationMap
from agents.reconciler.fitting import sureness
from sre_workspace.evaluation.calibrating import (
    CHANGED_SHARE,
    HOLD,
    LOST_SHARE,
    UNKNOWN_SHARE,
    Told,
    cross_validate,
    graded_of,
    lines_of,
)
from sre_workspace.evaluation.learning import Validated, fit_factors, out_of_fold, validate
from sre_workspace.evaluation.samples import Sample, changed_samples, kept_samples
from sre_workspace.evaluation.sets import SETS, Label

PULLS = (10.0, 3.0, 1.0, 0.3)
WORTH_IT = 0.01
"""Learned weights are shipped only if they are right this much more often on unseen faults."""


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
        sets = [_set_of(text) for text in _texts(options["sets"])]
        samples = [s for slug, labels in sets for s in kept_samples(SETS[slug], labels, work)]
        changed, lost = (
            [
                sample
                for slug, labels in sets
                for sample in changed_samples(SETS[slug], labels, work, is_lossy=is_lossy)
            ]
            for is_lossy in (False, True)
        )
        if not samples:
            raise CommandError("No kept result has a label: run `evaluate --work` first.")
        version = f"{datetime.now(UTC):%Y-%m-%d}"
        pull, checked, pairs = self._best(samples)
        is_worth_it = checked.learned >= checked.stated + WORTH_IT
        if not is_worth_it:
            pairs = [(sample, {}) for sample in samples]
        factors = fit_factors(samples, pull=pull) if is_worth_it else {}
        graded = graded_of(
            pairs, [(sample, factors) for sample in changed], [(sample, factors) for sample in lost]
        )
        found, told = cross_validate(graded, version=version, start=NONE)
        self.stdout.write(f"weights: {'learned' if is_worth_it else 'as stated'}, pull {pull:g}")
        self.stdout.write("\n".join(lines_of(told)))
        self.stdout.write(f"map: {dict(zip(INPUTS, found.coefficients, strict=True))}")
        if options["write"]:
            _write(factors, found, samples, checked, told, (len(changed), len(lost)))

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


def _texts(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _set_of(text: str) -> tuple[str, dict[str, Label]]:
    slug, _, folder = text.partition("=")
    labels = Path(folder) / "labels.json"
    if slug not in SETS or not labels.is_file():
        raise CommandError(f"{text}: a known set and a folder with labels.json are needed.")
    found: dict[str, Label] = json.loads(labels.read_text(encoding="utf-8"))
    return slug, found


def _write(
    factors: Mapping[str, float], found: CalibrationMap, samples: Sequence[Sample],
    checked: Validated, told: Sequence[Told], others: tuple[int, int],
) -> None:  # fmt: skip
    folder = Path(settings.BASE_DIR) / "agents" / "reconciler"
    counts = {slug: sum(s.set_slug == slug for s in samples) for slug in checked.by_set}
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
    passes = {
        "before": [(t.uncalibrated, t.is_right) for t in told],
        "in_view": [(t.in_view, t.is_right) for t in told],
        "after": [(t.type_left_out, t.is_right) for t in told],
        "set_left_out": [(t.set_left_out, t.is_right) for t in told],
    }
    figures = {name: sureness(pairs) for name, pairs in passes.items()}
    mapped = {
        **origin, "cases": found.cases,
        "changed_recordings": {"count": others[0], "share": CHANGED_SHARE},
        "recordings_with_less": {"count": others[1], "share": LOST_SHARE},
        "causes_withheld_share": UNKNOWN_SHARE,
        "hold_on_claims_as_they_are": HOLD,
        "brier": {name: round(f.brier, 3) for name, f in figures.items()},
        "ece": {name: round(f.ece, 3) for name, f in figures.items()},
        "sure_and_wrong": {name: round(f.sure_and_wrong, 4) for name, f in figures.items()},
        "coefficients": dict(zip(INPUTS, found.coefficients, strict=True)),
    }  # fmt: skip
    for name, data in (("weights.json", weights), ("calibration.json", mapped)):
        (folder / name).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
