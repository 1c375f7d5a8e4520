"""Running whole sets in worker processes, keeping results so that a broken run goes on."""

import json
import logging
import multiprocessing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track

from sre_workspace.evaluation.running import CaseResult, case_id_of, read_results, run_case
from sre_workspace.evaluation.scoring import Figures, figures_of, score_all
from sre_workspace.evaluation.sets import EvaluationSet, Label, case_paths
from sre_workspace.evaluation.variants import FULL, Variant
from telemetry.adapters.recorded import RecordingError, open_recording

PARTS_OF = {
    "metrics": ("series", "pod_series"), "logs": ("logs",), "traces": ("spans", "edges"),
    "cluster": ("cluster",), "changes": ("changes",), "database": ("databases",),
    "topology": ("graph",),
}  # fmt: skip


@dataclass(frozen=True)
class Session:
    """One set on this machine.

    Attributes:
        folder: Holds ``cases/``, and ``labels.json`` to score by.
        work: Where results are kept; what is there is not run again.
        jobs: Worker processes.
        most: At most so many cases, spread evenly over the set; 0: all.
    """

    kind: EvaluationSet
    folder: Path
    work: Path
    jobs: int = 2
    most: int = 0

    @property
    def paths(self) -> list[Path]:
        """Return the cases, by name."""
        found = case_paths(self.folder)
        if not 0 < self.most < len(found):
            return found
        return [found[i * len(found) // self.most] for i in range(self.most)]

    def sampled(self, most: int) -> "Session":
        """Return the same set with fewer cases: for comparing many ways to run it."""
        return replace(self, most=most)

    def labels(self) -> dict[str, Label]:
        """Return the labels by case id; empty if there are none."""
        file = self.folder / "labels.json"
        found: dict[str, Label] = json.loads(file.read_text()) if file.is_file() else {}
        return found

    def held_sources(self) -> frozenset[str]:
        """Return which sources any of the recordings holds: taking another away changes nothing."""
        held: set[str] = set()
        for path in self.paths:
            try:
                data = open_recording(path).data
            except RecordingError:
                continue
            held |= {
                name for name, parts in PARTS_OF.items()
                if any(getattr(data, part) is not None for part in parts)
            }  # fmt: skip
        return frozenset(held)

    def run(self, variant: Variant = FULL) -> list[CaseResult]:
        """Return the results of every case, running what has not been kept."""
        logging.getLogger().setLevel(logging.ERROR)
        self.work.mkdir(parents=True, exist_ok=True)
        slug = self.kind.slug if variant == FULL else f"{self.kind.slug}.{variant.slug}"
        kept = self.work / f"{slug}.jsonl"
        done = {r.case_id: r for r in read_results(kept)}
        left = [p for p in self.paths if case_id_of(p) not in done]
        if not left:
            return [done[key] for key in sorted(case_id_of(p) for p in self.paths)]
        console = Console(stderr=True)
        # Each process begins clean: a fork would share the parent's threads and connections.
        context = multiprocessing.get_context("spawn")
        with context.Pool(max(1, self.jobs)) as pool, kept.open("a", encoding="utf-8") as out:
            found = pool.imap_unordered(partial(run_case, variant=variant), left)
            title = f"{self.kind.slug}: {variant.title}"
            for result in track(found, title, total=len(left), console=console):
                done[result.case_id] = result
                out.write(json.dumps(result.as_json()) + "\n")
                out.flush()
        wanted = {case_id_of(p) for p in self.paths}
        return [done[key] for key in sorted(wanted)]

    def figures(self, variant: Variant = FULL) -> Figures:
        """Return the figures of one variant.

        Raises:
            ValueError: No case has a label.
        """
        return figures_of(score_all(self.kind, self.run(variant), self.labels()))
