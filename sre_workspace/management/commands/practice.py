"""``manage.py practice [SCENARIO]``: start a practice incident in the running lab."""

import argparse
import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from investigations.domain.incidents import close_practice
from investigations.errors import BoardError
from investigations.models import Incident
from investigations.practice import list_scenarios, start_scenario
from sre_workspace.embedded.children import read_pid
from sre_workspace.embedded.stack import SUPERVISOR

WAIT_SECONDS = 20.0


class Command(BaseCommand):
    """Start a scenario, or list them."""

    help = "Start a practice incident in the lab of a running `up`; without a name, list them."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which, and how random."""
        parser.add_argument("scenario", nargs="?", default="")
        parser.add_argument("--seed", type=int, default=None)

    def handle(self, *args: object, **options: object) -> None:
        """Start it and print where to look."""
        slug = str(options["scenario"])
        if not slug:
            for scenario in list_scenarios():
                self.stdout.write(f"{scenario.slug:<22}{scenario.description}")
            return
        newest = Incident.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        try:
            close_practice(author="system")
            seed = start_scenario(slug, seed=options["seed"])  # type: ignore[arg-type]  # int or None
        except BoardError as error:
            raise CommandError(str(error)) from error
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found = Incident.objects.filter(pk__gt=newest).order_by("pk").first()
            if found is not None:
                self.stdout.write(f"INC-{found.pk} {found.title} (seed {seed})")
                self.stdout.write(f"{_address()}/i/{found.pk}/")
                return
            time.sleep(0.2)
        raise CommandError(
            f"Started with seed {seed}, but no alert arrived in {WAIT_SECONDS:.0f} s."
        )


def _address() -> str:
    running = read_pid(settings.STATE.pids, SUPERVISOR)
    return running.note if running and running.process() else "http://127.0.0.1:8000"
