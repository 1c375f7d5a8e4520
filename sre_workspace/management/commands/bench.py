"""``manage.py bench``: measure speed and memory of a stack of its own, from outside."""

import argparse
import json
import shutil
import signal
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.management.base import BaseCommand

from sre_workspace.bench.runs import time_run
from sre_workspace.bench.stack import RunningStack, start_stack
from sre_workspace.bench.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

SCENARIOS = (
    "bad_release_latency",
    "retry_storm",
    "pool_exhaustion",
    "lock_contention",
    "packet_loss",
)
CARDS = 100
ROOMS = 8
SLOW_LOADS = 10
# What each measure must stay under.
TARGETS = {
    "warm start to READY, s": 10.0,
    "stop, s": 4.0,
    "resident after READY, MB": 900.0,
    "resident after the runs, MB": 900.0,
    "alert to first evidence, s": 1.0,
    "alert to consensus, s": 5.0,
    "commit to DOM p95, ms": 150.0,
    "commit to DOM longest, ms": 300.0,
    f"commit to DOM p95, {ROOMS} rooms, ms": 300.0,
    "burst of 300, last to DOM, ms": 2000.0,
    "burst of 300, longest task, ms": 200.0,
    f"LCP of a room with {CARDS} cards, ms": 400.0,
    "LCP of the inbox, ms": 300.0,
    "LCP of the history, ms": 300.0,
    "slow phone, load to live, s": 3.0,
}


class Command(BaseCommand):
    """Measure, print, and fail when a median misses its target."""

    help = "Measure the whole stack in a state folder of its own: start, memory, runs, pages, stop."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """How often, with which browser."""
        parser.add_argument("--rounds", type=int, default=5)
        parser.add_argument("--services", type=int, default=50, help="services in the lab")
        parser.add_argument("--browser", default="", help="Chrome or Chromium; none: no pages")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: object, **options: object) -> None:
        """Measure everything in turn."""
        self.rounds = int(str(options["rounds"]))
        self.found: dict[str, list[float]] = {name: [] for name in TARGETS}
        home = Path(tempfile.mkdtemp(prefix="sre-bench-"))
        home.chmod(0o711)  # as root the database runs as a user who must get here
        services = ["--lab-services", str(options["services"])]
        try:
            start_stack(home / "state", options=services).stop()  # the cold one is not counted
            self._starts(home / "state", services)
            stack = start_stack(home / "state", options=services)
            try:
                self._inside(stack, browser=str(options["browser"]))
            finally:
                stack.stop(signal.SIGTERM)
        finally:
            shutil.rmtree(home, ignore_errors=True)
        self._report(as_json=bool(options["json"]))

    def _starts(self, state: Path, options: Sequence[str]) -> None:
        for _ in range(self.rounds):
            stack = start_stack(state, options=options)
            self._note("warm start to READY, s", stack.ready_seconds)
            self._note("resident after READY, MB", stack.resident_bytes() / 1e6)
            self._note("stop, s", stack.stop(signal.SIGINT))

    def _inside(self, stack: RunningStack, *, browser: str) -> None:
        incidents = []
        with Visitor(stack.address, stack.links["responder"]) as visitor:
            for number in range(self.rounds):
                times = time_run(stack, visitor, SCENARIOS[number % len(SCENARIOS)])
                incidents.append(times.incident_id)
                self._note("alert to first evidence, s", times.evidence_seconds)
                self._note("alert to consensus, s", times.concluded_seconds)
                self._note("resident after the runs, MB", stack.resident_bytes() / 1e6)
            if browser:
                self._pages(stack, visitor, incidents, browser)

    def _pages(
        self, stack: RunningStack, visitor: Visitor, incidents: Sequence[int], browser: str
    ) -> None:
        from sre_workspace.bench import pages  # noqa: PLC0415  # playwright is for tests only

        room = f"{stack.address}/i/{incidents[0]}/"
        with pages.browser_session(stack, visitor.session(), browser) as context:
            self._live(stack, context, incidents[-1])
            call = f"from sre_workspace.bench.cards import *; fill_up({incidents[0]}, {CARDS})"
            stack.manage("shell", "-v", "0", "-c", call)
            pages.largest_paint_seconds(context, room)  # fills the browser's cache of the styles
            for _ in range(self.rounds):
                seconds, _cards = pages.largest_paint_seconds(context, room)
                self._note(f"LCP of a room with {CARDS} cards, ms", seconds * 1000)
                for name in ("inbox", "history"):
                    seconds, _cards = pages.largest_paint_seconds(
                        context, f"{stack.address}/{name}/"
                    )
                    self._note(f"LCP of the {name}, ms", seconds * 1000)
            for _ in range(self.rounds * SLOW_LOADS):
                seconds = pages.slow_load_seconds(context, room)
                self._note("slow phone, load to live, s", seconds)

    def _live(self, stack: RunningStack, context: "BrowserContext", incident: int) -> None:
        from sre_workspace.bench import pages  # noqa: PLC0415  # playwright is for tests only

        for _ in range(self.rounds):
            one = pages.commit_to_page_seconds(stack, context, incident)
            self._note("commit to DOM p95, ms", statistics.quantiles(one, n=20)[-1] * 1000)
            self._note("commit to DOM longest, ms", max(one) * 1000)
            many = pages.commit_to_page_seconds(stack, context, incident, rooms=ROOMS)
            name = f"commit to DOM p95, {ROOMS} rooms, ms"
            self._note(name, statistics.quantiles(many, n=20)[-1] * 1000)
            last, longest = pages.burst_seconds(stack, context, incident)
            self._note("burst of 300, last to DOM, ms", last * 1000)
            self._note("burst of 300, longest task, ms", longest * 1000)

    def _note(self, name: str, value: float) -> None:
        self.found[name].append(value)
        self.stderr.write(f"{name}: {value:.4g}")

    def _report(self, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(self.found, indent=1))
            return
        self.stdout.write(f"{'median of ' + str(self.rounds):<36}{'median':>9}{'worst':>9}  target")
        for name, values in self.found.items():
            if not values:
                self.stdout.write(f"{name:<36}{'-':>9}{'-':>9}  not measured")
                continue
            median, target = statistics.median(values), TARGETS[name]
            verdict = "met" if median < target else "MISSED"
            line = f"{name:<36}{median:>9.4g}{max(values):>9.4g}  < {target:g} {verdict}"
            self.stdout.write(line)
