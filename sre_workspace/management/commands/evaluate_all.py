"""``manage.py evaluate_all FOLDER``: every set, and the tables of docs/evaluation.md anew."""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agents.reconciler.calibration import NONE, shipped
from agents.reconciler.weights import factors
from sre_workspace.evaluation.calibrating import Factors, cross_validate, graded_of, lines_of
from sre_workspace.evaluation.comparing import (
    Row,
    dropped_svg,
    dropped_table,
    row_of,
    same_verdicts,
    table,
)
from sre_workspace.evaluation.samples import Sample, changed_samples, samples_of
from sre_workspace.evaluation.scale import table_of
from sre_workspace.evaluation.scoring import Figures, wilson
from sre_workspace.evaluation.session import Session
from sre_workspace.evaluation.sets import SETS
from sre_workspace.evaluation.variants import (
    ABLATIONS,
    DROPS,
    FAULT_FREE,
    FULL,
    PERTURBED,
    Variant,
)

REPEATS = 5
SIZES = (10, 100, 1000)
PICTURE = "evaluation-dropped.svg"
BEGIN, END = "<!-- figures: written by evaluate_all -->", "<!-- end of figures -->"


class Command(BaseCommand):
    """Run every public set that is there, and write the document's tables."""

    help = "Evaluate every set in a folder and write the tables of docs/evaluation.md."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Where the sets are, and what to write."""
        parser.add_argument("folder", type=Path, help="holds a folder per set")
        parser.add_argument("--work", type=Path, help="keep results here, and go on from them")
        parser.add_argument("--most", type=int, default=0,
                            help="compare ways to run a set on at most so many of its cases")  # fmt: skip
        parser.add_argument("--jobs", type=int, default=2)
        parser.add_argument("--quick", action="store_true", help="no ablations, no missing sources")
        parser.add_argument("--write", action="store_true", help="write docs/evaluation.md")

    def handle(self, *args: object, **options: object) -> None:
        """Run, print, and write between the marks."""
        folder = Path(str(options["folder"]))
        kinds = [SETS[slug] for slug in sorted(SETS) if (folder / slug / "labels.json").is_file()]
        if not kinds:
            raise CommandError(f"{folder} holds none of: {', '.join(sorted(SETS))}.")
        with tempfile.TemporaryDirectory() as spare:
            work = Path(str(options["work"] or spare))
            jobs = int(str(options["jobs"]))
            sessions = [Session(kind, folder / kind.slug, work, jobs) for kind in kinds]
            lines = [*_figures(sessions), *_fault_free(sessions)]
            picture = ""
            if not options["quick"]:
                tables = {s.kind.slug: _dropped(s) for s in sessions}
                picture = dropped_svg(tables)
                lines += _without(tables)
                most = int(str(options["most"]))
                fewer = [s.sampled(most) for s in sessions]
                if most:
                    lines += ["", f"What follows compares at most {most} cases of each set."]
                lines += _robust(fewer)
                lines += _again(fewer)
                lines += _compared("What each part is worth", fewer, ABLATIONS)
            lines += _calibration(sessions)
        if not options["quick"]:
            lines += _cost()
        text = "\n".join(lines)
        self.stdout.write(text)
        if options["write"]:
            path = Path(settings.BASE_DIR) / "docs" / "evaluation.md"
            before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
            _, _, after = rest.partition(END)
            path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
            if picture:
                path.with_name(PICTURE).write_text(picture, encoding="utf-8")


def _figures(sessions: list[Session]) -> Iterator[str]:
    yield (
        "| set | cases | measures, 95 % interval | verdict given | right then | sure, wrong "
        "| ECE | ECE by chance | s a case | MB |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for session in sessions:
        f = session.figures()
        yield (
            f"| {session.kind.slug} | {f.count} | {_measures(f)} | {1 - f.abstained:.0%} "
            f"| {f.right_when_named:.0%} | {f.confident_and_wrong:.1%} | {f.ece:.3f} "
            f"| {f.chance_ece:.3f} "
            f"| {f.median_seconds:.2f} | {f.peak_mb:.0f} |"
        )


def _measures(figures: Figures) -> str:
    return ", ".join(
        f"{name} {mean:.3f} ({low:.2f} to {high:.2f})"
        for name, (mean, low, high) in figures.measures.items()
    )


def _fault_free(sessions: list[Session]) -> Iterator[str]:
    """Windows before the fault, taken for incidents. Sets of one snapshot have none."""
    yield from (
        "",
        "## Windows without a fault",
        "",
        "| set | windows | given a cause |",
        "|---|---|---|",
    )
    all_windows = all_false = 0
    for session in [s for s in sessions if s.kind.has_history]:
        found = [r for r in session.run(FAULT_FREE) if not r.error]
        false = sum(r.verdict == "likely_cause" for r in found)
        all_windows, all_false = all_windows + len(found), all_false + false
        yield f"| {session.kind.slug} | {len(found)} | {false} |"
    low, high = wilson(all_false, all_windows)
    yield f"| all | {all_windows} | {all_false} ({low:.1%} to {high:.1%}) |"


def _calibration(sessions: list[Session]) -> Iterator[str]:
    """How honest claims are: in view by the map in use, and by maps that left something out."""
    as_is: list[tuple[Sample, Factors]] = []
    changed: list[tuple[Sample, Factors]] = []
    lost: list[tuple[Sample, Factors]] = []
    for session in sessions:
        labels = session.labels()
        as_is += [(s, factors()) for s in samples_of(session.kind, session.run(), labels)]
        for rows, is_lossy in ((changed, False), (lost, True)):
            found = changed_samples(session.kind, labels, session.work, is_lossy=is_lossy)
            rows += [(s, factors()) for s in found]
    graded = graded_of(as_is, changed, lost)
    _, told = cross_validate(graded, version="", start=NONE, in_use=shipped())
    yield from ("", "## Calibration", "", *lines_of(told))


def _cost() -> Iterator[str]:
    """What an investigation costs as a made system grows, all sizes in one run."""
    yield from ("", "## Cost", "", *table_of(SIZES, rounds=3))


def _robust(sessions: list[Session]) -> Iterator[str]:
    """First answers right where a recording is changed in ways that must not matter."""
    head = " | ".join(f"{s.kind.slug} ({len(s.paths)})" for s in sessions)
    yield from ("", "## Changed in ways that must not matter", "",
                f"| change | {head} | sure, wrong |", "|---|" + "---|" * (len(sessions) + 1))  # fmt: skip
    for variant in (FULL, *PERTURBED):
        rows = [
            row_of(s.kind, variant, s.run(variant), s.labels())
            if variant.concerns(has_history=s.kind.has_history)
            else None
            for s in sessions
        ]  # fmt: skip
        shares = " | ".join(f"{r.right:.2f}" if r else "–" for r in rows)
        known = [r for r in rows if r]
        wrong = sum(r.sure_and_wrong * r.count for r in known) / sum(r.count for r in known)
        yield f"| {variant.title} | {shares} | {wrong:.1%} |"


def _again(sessions: list[Session]) -> Iterator[str]:
    """The same cases five times."""
    yield from ("", "## The same again", "")
    again = [replace(FULL, slug=f"run-{n}") for n in range(2, REPEATS + 1)]
    for session in sessions:
        runs = [session.run(FULL), *(session.run(v) for v in again)]
        yield f"* {session.kind.slug}: {same_verdicts(runs)}"


def _dropped(session: Session) -> list[Row]:
    """Every case once more without each source that the set holds."""
    held, labels, whole = session.held_sources(), session.labels(), session.run()
    variants = (FULL, *(v for v in DROPS if v.without & held))
    return [row_of(session.kind, v, session.run(v), labels, whole) for v in variants]


def _without(tables: Mapping[str, list[Row]]) -> Iterator[str]:
    yield from ("", "## With a source taken away", "",
                f"![Right, claimed and confident, by the source taken away]({PICTURE})")  # fmt: skip
    for slug, rows in tables.items():
        yield from ("", f"### {slug}", "", *dropped_table(rows))


def _compared(title: str, sessions: list[Session], variants: tuple[Variant, ...]) -> Iterator[str]:
    """Compare variants set by set."""
    for session in sessions:
        labels = session.labels()
        rows = [row_of(session.kind, v, session.run(v), labels) for v in (FULL, *variants)]
        yield from ("", f"## {title}: {session.kind.slug}", "", *table(rows))
