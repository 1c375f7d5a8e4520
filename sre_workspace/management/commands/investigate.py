"""``manage.py investigate PATH``: work a recorded incident, in the terminal or in the browser."""

import argparse
import json
import logging
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from agents.domain.drain import drain
from investigations.domain.incidents import IncidentDraft, open_incident
from investigations.enums import HypothesisState, IncidentOrigin
from investigations.jobs import muted
from investigations.models import Diagnosis, Evidence, Hypothesis, Investigation
from investigations.presenters.words import likelihood
from sre_workspace.embedded.children import read_pid
from sre_workspace.embedded.stack import SUPERVISOR
from sre_workspace.evaluation.variants import KINDS
from telemetry.adapters.recorded import Recording, RecordingError, open_recording


class Command(BaseCommand):
    """Recognise the recording's format, run the whole investigation on it, print what it found."""

    help = (
        "Investigate a recorded incident: our own folder format, or that of root-cause-bench, "
        "Cloud-OpsBench, Nezha, ChangeRCA, PetShop, RCD."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """What to read and how to answer."""
        parser.add_argument("path", type=Path, help="folder or file of the recorded incident")
        parser.add_argument("--without", action="append", choices=KINDS, default=[], metavar="KIND",
                            help=f"leave a source out, to see what it is worth: {', '.join(KINDS)}")  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print one JSON object only")
        parser.add_argument("--open", action="store_true", help="open its room in the browser")
        parser.add_argument("--timeout", type=float, default=300.0, help="seconds, 300 by default")

    def handle(self, *args: object, **options: object) -> None:
        """Open, work, print."""
        path = Path(str(options["path"]))
        try:
            recording = open_recording(path)
        except RecordingError as error:
            raise CommandError(str(error)) from error
        is_quiet = bool(options["json"])
        left_out = tuple(str(kind) for kind in cast("list[str]", options["without"]))
        logging.getLogger().setLevel(logging.ERROR)
        with muted():
            incident, investigation = open_incident(_draft(recording, path, left_out))
            self._work(investigation, float(str(options["timeout"])), is_quiet=is_quiet)
        investigation.refresh_from_db()
        diagnosis = investigation.diagnoses.order_by("-number").first()
        if diagnosis is None:
            raise CommandError("The investigation ended without a verdict; see its log.")
        if is_quiet:
            self.stdout.write(
                json.dumps(_as_json(recording, investigation, diagnosis), default=str)
            )
        else:
            _print(recording, investigation, diagnosis)
        if options["open"]:
            self._open(incident.pk)

    def _work(self, investigation: Investigation, timeout: float, *, is_quiet: bool) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        console = Console(stderr=True, quiet=is_quiet)
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("Starting")

            def tick() -> None:
                row = Investigation.objects.get(pk=investigation.pk)
                count = row.evidence.count()
                progress.update(
                    task, description=f"{row.get_state_display()}: {count} pieces of evidence"
                )

            if not drain(investigation.pk, on_tick=tick, timeout_seconds=timeout):
                raise CommandError(f"Not finished within {timeout:.0f} s.")

    def _open(self, incident_id: int) -> None:
        running = read_pid(settings.STATE.pids, SUPERVISOR)
        if running is None or running.process() is None:
            self.stderr.write("Nothing serves the room: start ./run up, then look at "
                              f"/i/{incident_id}/.")  # fmt: skip
            return
        address = f"{running.note}/i/{incident_id}/"
        self.stdout.write(address)
        webbrowser.open(address)


def _draft(recording: Recording, path: Path, left_out: Sequence[str] = ()) -> IncidentDraft:
    alert = recording.alert
    return IncidentDraft(
        title=recording.title[:300],
        symptom=alert.summary[:500],
        resource=str(alert.resource)[:200],
        origin=IncidentOrigin.RECORDED,
        started_at=alert.starts_at,
        window_start=recording.window.start,
        window_end=recording.window.end,
        baseline_start=recording.baseline.start,
        baseline_end=recording.baseline.end,
        telemetry={
            "kind": "recorded",
            "path": str(path.expanduser().absolute()),
            **({"without": ",".join(left_out)} if left_out else {}),
        },
        semantic=alert.semantic or "",
        severity_label=alert.severity,
    )


def _ranked(investigation: Investigation) -> list[Hypothesis]:
    rows = Hypothesis.objects.filter(investigation=investigation)
    return sorted(rows, key=lambda h: (h.state != HypothesisState.LEADING, -(h.posterior or 0.0)))


def _evidence_of(hypothesis: Hypothesis, *, limit: int = 4) -> list[Evidence]:
    stances = hypothesis.stances.select_related("evidence").order_by("-weight_decibans")
    return [s.evidence for s in stances if s.weight_decibans >= 1][:limit]


def _as_json(recording: Recording, investigation: Investigation, diagnosis: Diagnosis
             ) -> dict[str, object]:  # fmt: skip
    return {
        "format": recording.format,
        "incident": investigation.incident_id,
        "verdict": diagnosis.verdict,
        "summary": diagnosis.summary,
        "confidence": diagnosis.confidence,
        "coverage": {"answered": diagnosis.sources_answered, "asked": diagnosis.sources_asked},
        "causes": [
            {
                "resource": h.resource, "fault_class": h.fault_class, "change": h.change_id,
                "probability": h.posterior,
                "evidence": [
                    {"number": e.number, "claim": e.claim, "query": e.query}
                    for e in _evidence_of(h)
                ],
            }
            for h in _ranked(investigation)
        ],
        "gaps": [g["text"] for g in diagnosis.gaps],
        "rules": diagnosis.rules,
    }  # fmt: skip


def _print(recording: Recording, investigation: Investigation, diagnosis: Diagnosis) -> None:
    console = Console(highlight=False, markup=False)
    console.print(f"{recording.title} (format {recording.format}, INC-{investigation.incident_id})")
    console.print(f"{diagnosis.get_verdict_display().capitalize()}: {diagnosis.summary}")
    console.print(f"Coverage {diagnosis.sources_answered} of {diagnosis.sources_asked} sources.\n")
    for place, hypothesis in enumerate(_ranked(investigation)[:5], 1):
        words = likelihood(hypothesis.posterior)
        console.print(f"{place}. {words}: {hypothesis.claim} ({hypothesis.fault_class})")
        for evidence in _evidence_of(hypothesis):
            console.print(f"     E{evidence.number} {evidence.claim}")
    if diagnosis.gaps:
        console.print("\nGaps:")
        for gap in diagnosis.gaps:
            console.print(f"  - {gap['text']}")
    console.print("\nVerdict rules:")
    for rule in diagnosis.rules:
        console.print(
            f"  {'met    ' if rule['passed'] else 'not met'} {rule['name']} ({rule['detail']})"
        )
