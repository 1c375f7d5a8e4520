"""``manage.py evaluate SET FOLDER``: how often the agents are right on recorded incidents."""

import argparse
import json
import logging
import multiprocessing
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import track

from sre_workspace.evaluation.comparing import (
    bars_svg,
    false_diagnoses,
    row_of,
    same_verdicts,
    table,
)
from sre_workspace.evaluation.report import render_report
from sre_workspace.evaluation.running import CaseResult, case_id_of, read_results, run_case
from sre_workspace.evaluation.scoring import Figures, figures_of, score_all
from sre_workspace.evaluation.sets import SETS, EvaluationSet, Label, case_paths
from sre_workspace.evaluation.variants import ABLATIONS, DROPS, FAULT_FREE, FULL, Variant


class Command(BaseCommand):
    """Run the product's own investigation on every case of a set, and score it."""

    work: Path
    paths: list[Path]
    jobs: int
    help = "Investigate every recorded case of a public set and report how often it was right."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which set, where, and what to write."""
        parser.add_argument("set", choices=sorted(SETS))
        parser.add_argument("folder", type=Path, help="holds cases/, and labels.json to score by")
        parser.add_argument("--out", type=Path, help="write predictions for the set's own scorer")
        parser.add_argument("--report", type=Path, help="write the report, Markdown")
        parser.add_argument("--jobs", type=int, default=2)
        parser.add_argument(
            "--work", type=Path, help="keep results here and go on from them after a break"
        )
        parser.add_argument("--ablate", action="store_true", help="also without each part")
        parser.add_argument("--drop-each", action="store_true", help="also without each source")
        parser.add_argument("--fault-free", action="store_true", help="also windows without fault")
        parser.add_argument("--repeat", type=int, default=1, help="runs that have to agree")

    def handle(self, *args: object, **options: object) -> None:
        """Run what has not been run, score, print and write."""
        folder, slug = Path(str(options["folder"])), str(options["set"])
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        paths = case_paths(folder)
        if not paths:
            raise CommandError(f"{folder} holds no cases.")
        logging.getLogger().setLevel(logging.ERROR)
        with tempfile.TemporaryDirectory() as spare:
            work = Path(str(options["work"] or spare))
            work.mkdir(parents=True, exist_ok=True)
            self.work, self.paths, self.jobs = work, paths, int(str(options["jobs"]))
            kind = SETS[slug]
            results = self._run(kind, FULL)
            if options["out"]:
                predictions = {r.case_id: kind.predict(r) for r in results}
                Path(str(options["out"])).write_text(json.dumps(predictions, indent=1))
            labels = folder / "labels.json"
            if not labels.is_file():
                self.stdout.write("No labels.json: nothing to score by.")
                return
            truth = json.loads(labels.read_text())
            scored = score_all(kind, results, truth)
            figures = figures_of(scored)
            self._show(figures)
            more = self._more(kind, results, truth, options)
            if options["report"]:
                text = render_report(slug, figures, scored) + more
                Path(str(options["report"])).write_text(text)

    def _show(self, figures: Figures) -> None:
        for name, (mean, low, high) in figures.measures.items():
            self.stdout.write(
                f"{name:10s} {mean:.3f}  ({low:.3f} to {high:.3f}, n={figures.count})"
            )
        self.stdout.write(
            f"abstained {figures.abstained:.0%}, right when named {figures.right_when_named:.0%}, "
            f"sure and wrong {figures.confident_and_wrong:.1%}, ECE {figures.ece:.3f}, "
            f"{figures.median_seconds:.2f} s a case, {figures.peak_mb:.0f} MB"
        )

    def _more(
        self, kind: EvaluationSet, results: list[CaseResult], truth: dict[str, Label],
        options: dict[str, object],
    ) -> str:  # fmt: skip
        """Run what else was asked for; print it, and return it for the report."""
        lines: list[str] = []
        asked = (("ablate", "What each part is worth", ABLATIONS),
                 ("drop_each", "Without each source", DROPS))  # fmt: skip
        for option, title, variants in asked:
            if options[option]:
                rows = [row_of(kind, FULL, results, truth)]
                rows += [row_of(kind, v, self._run(kind, v), truth) for v in variants]
                lines += ["", f"## {title}", "", *table(rows), "", bars_svg(rows)]
        if options["fault_free"]:
            found = self._run(kind, FAULT_FREE)
            lines += ["", "## Windows without a fault", "", *false_diagnoses(found)]
        repeats = int(str(options["repeat"]))
        if repeats > 1:
            again = [replace(FULL, slug=f"run-{n}") for n in range(2, repeats + 1)]
            runs = [results, *(self._run(kind, v) for v in again)]
            lines += ["", "## The same again", "", same_verdicts(runs)]
        for line in lines:
            if line and not line.startswith("<svg"):
                self.stdout.write(line)
        return "\n".join(lines) + "\n"

    def _run(self, kind: EvaluationSet, variant: Variant) -> list[CaseResult]:
        """Return the results of every case, running what has not been kept."""
        name = kind.slug if variant == FULL else f"{kind.slug}.{variant.slug}"
        kept = self.work / f"{name}.jsonl"
        done = {r.case_id: r for r in read_results(kept)}
        left = [p for p in self.paths if case_id_of(p) not in done]
        console = Console(stderr=True)
        # Each process begins clean: a fork would share the parent's threads and connections.
        context = multiprocessing.get_context("spawn")
        with context.Pool(max(1, self.jobs)) as pool, kept.open("a", encoding="utf-8") as out:
            found = pool.imap_unordered(partial(run_case, variant=variant), left)
            for result in track(found, variant.title, total=len(left), console=console):
                done[result.case_id] = result
                out.write(json.dumps(result.as_json()) + "\n")
                out.flush()
        return [done[key] for key in sorted(done)]
