"""``manage.py evaluate SET FOLDER``: how often the agents are right on recorded incidents."""

import argparse
import json
import logging
import multiprocessing
import tempfile
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import track

from sre_workspace.evaluation.report import render_report
from sre_workspace.evaluation.running import CaseResult, read_results, run_case
from sre_workspace.evaluation.scoring import figures_of, score_all
from sre_workspace.evaluation.sets import SETS, case_paths


class Command(BaseCommand):
    """Run the product's own investigation on every case of a set, and score it."""

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
            results = self._run(paths, work / f"{slug}.jsonl", int(str(options["jobs"])))
        kind = SETS[slug]
        if options["out"]:
            predictions = {r.case_id: kind.predict(r) for r in results}
            Path(str(options["out"])).write_text(json.dumps(predictions, indent=1))
        labels = folder / "labels.json"
        if not labels.is_file():
            self.stdout.write("No labels.json: nothing to score by.")
            return
        scored = score_all(kind, results, json.loads(labels.read_text()))
        figures = figures_of(scored)
        if options["report"]:
            Path(str(options["report"])).write_text(render_report(slug, figures, scored))
        for name, (mean, low, high) in figures.measures.items():
            self.stdout.write(
                f"{name:10s} {mean:.3f}  ({low:.3f} to {high:.3f}, n={figures.count})"
            )
        self.stdout.write(
            f"abstained {figures.abstained:.0%}, right when named {figures.right_when_named:.0%}, "
            f"sure and wrong {figures.confident_and_wrong:.1%}, ECE {figures.ece:.3f}, "
            f"{figures.median_seconds:.2f} s a case, {figures.peak_mb:.0f} MB"
        )

    def _run(self, paths: list[Path], kept: Path, jobs: int) -> list[CaseResult]:
        done = {r.case_id: r for r in read_results(kept)}
        left = [p for p in paths if p.name.removesuffix(".xz").removesuffix(".json") not in done]
        console = Console(stderr=True)
        # Each process begins clean: a fork would share the parent's threads and connections.
        context = multiprocessing.get_context("spawn")
        with context.Pool(max(1, jobs)) as pool, kept.open("a", encoding="utf-8") as out:
            found = pool.imap_unordered(run_case, left)
            for result in track(found, "Investigating", total=len(left), console=console):
                done[result.case_id] = result
                out.write(json.dumps(result.as_json()) + "\n")
                out.flush()
        return [done[key] for key in sorted(done)]
