"""``manage.py evaluate SET FOLDER``: how often the agents are right on recorded incidents."""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from sre_workspace.evaluation.comparing import (
    bars_svg,
    dropped_svg,
    dropped_table,
    false_diagnoses,
    row_of,
    same_verdicts,
    table,
)
from sre_workspace.evaluation.report import render_report
from sre_workspace.evaluation.running import CaseResult
from sre_workspace.evaluation.scoring import Figures, figures_of, score_all
from sre_workspace.evaluation.session import Session
from sre_workspace.evaluation.sets import SETS, case_paths
from sre_workspace.evaluation.variants import ABLATIONS, DROPS, FAULT_FREE, FULL, PERTURBED


class Command(BaseCommand):
    """Run the product's own investigation on every case of a set, and score it."""

    help = "Investigate every recorded case of a public set and report how often it was right."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which set, where, and what to write."""
        parser.add_argument("set", choices=sorted(SETS))
        parser.add_argument("folder", type=Path, help="holds cases/, and labels.json to score by")
        parser.add_argument("--out", type=Path, help="write predictions for the set's own scorer")
        parser.add_argument("--report", type=Path, help="write the report, Markdown")
        parser.add_argument("--most", type=int, default=0, help="at most so many cases, spread")
        parser.add_argument("--jobs", type=int, default=2)
        parser.add_argument(
            "--work", type=Path, help="keep results here and go on from them after a break"
        )
        parser.add_argument("--ablate", action="store_true", help="also without each part")
        parser.add_argument("--drop-each", action="store_true", help="also without each source")
        parser.add_argument("--perturb", action="store_true", help="also changed in harmless ways")
        parser.add_argument("--fault-free", action="store_true", help="also windows without fault")
        parser.add_argument("--repeat", type=int, default=1, help="runs that have to agree")

    def handle(self, *args: object, **options: object) -> None:
        """Run what has not been run, score, print and write."""
        folder, slug = Path(str(options["folder"])), str(options["set"])
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        if not case_paths(folder):
            raise CommandError(f"{folder} holds no cases.")
        with tempfile.TemporaryDirectory() as spare:
            kind, work = SETS[slug], Path(str(options["work"] or spare))
            session = Session(
                kind, folder, work, int(str(options["jobs"])), int(str(options["most"]))
            )
            results = session.run()
            if options["out"]:
                predictions = {r.case_id: kind.predict(r) for r in results}
                Path(str(options["out"])).write_text(json.dumps(predictions, indent=1))
            truth = session.labels()
            if not truth:
                self.stdout.write("No labels.json: nothing to score by.")
                return
            scored = score_all(kind, results, truth)
            figures = figures_of(scored)
            self._show(figures)
            more = self._more(session, results, options)
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
            f"sure and wrong {figures.confident_and_wrong:.1%}, ECE {figures.ece:.3f} "
            f"of {figures.claims} claims ({figures.chance_ece:.3f} by chance), "
            f"{figures.median_seconds:.2f} s a case, {figures.peak_mb:.0f} MB"
        )

    def _more(self, session: Session, results: list[CaseResult], options: dict[str, object]) -> str:
        """Run what else was asked for; print it, and return it for the report."""
        kind, truth = session.kind, session.labels()
        lines: list[str] = []
        asked = (("ablate", "What each part is worth", ABLATIONS, table, bars_svg),
                 ("drop_each", "Without each source", DROPS, dropped_table,
                  lambda rows: dropped_svg({kind.slug: rows})),
                 ("perturb", "Changed in ways that must not matter", PERTURBED, table,
                  bars_svg))  # fmt: skip
        for option, title, variants, as_table, as_picture in asked:
            if options[option]:
                chosen = [v for v in variants if v.concerns(has_history=kind.has_history)]
                runs = [(FULL, results), *((v, session.run(v)) for v in chosen)]
                rows = [row_of(kind, v, found, truth, results) for v, found in runs]
                lines += ["", f"## {title}", "", *as_table(rows), "", as_picture(rows)]
        if options["fault_free"]:
            found = session.run(FAULT_FREE)
            lines += ["", "## Windows without a fault", "", *false_diagnoses(found)]
        repeats = int(str(options["repeat"]))
        if repeats > 1:
            again = [replace(FULL, slug=f"run-{n}") for n in range(2, repeats + 1)]
            same = [results, *(session.run(v) for v in again)]
            lines += ["", "## The same again", "", same_verdicts(same)]
        for line in lines:
            if line and not line.startswith("<svg"):
                self.stdout.write(line)
        return "\n".join(lines) + "\n"
