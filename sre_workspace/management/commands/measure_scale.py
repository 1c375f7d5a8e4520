"""``manage.py measure_scale``: what an investigation costs with 10, 100 and 1,000 services."""

import argparse

from django.core.management.base import BaseCommand

from sre_workspace.evaluation.scale import table_of


class Command(BaseCommand):
    """Print the curve; times compare within one run only."""

    help = "Measure the cost of one investigation as the number of services grows."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """How large, and how often."""
        parser.add_argument("services", nargs="*", type=int, default=[10, 100, 1000])
        parser.add_argument("--rounds", type=int, default=3)

    def handle(self, *args: object, **options: object) -> None:
        """Measure each size several times with another broken service each time."""
        sizes = options["services"] if isinstance(options["services"], list) else []
        for line in table_of(sizes, rounds=int(str(options["rounds"]))):
            self.stdout.write(line)
