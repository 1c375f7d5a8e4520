"""``manage.py measure_scale``: what an investigation costs with 10, 100 and 1,000 services."""

import argparse
import statistics

from django.core.management.base import BaseCommand

from sre_workspace.evaluation.scale import measure


class Command(BaseCommand):
    """Print the curve; times compare within one run only."""

    help = "Measure the cost of one investigation as the number of services grows."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """How large, and how often."""
        parser.add_argument("services", nargs="*", type=int, default=[10, 100, 1000])
        parser.add_argument("--rounds", type=int, default=3)

    def handle(self, *args: object, **options: object) -> None:
        """Measure each size several times with another broken service each time."""
        sizes = options["services"]
        self.stdout.write("| services | series | in scope | queries | rows | seconds | right |")
        self.stdout.write("|---|---|---|---|---|---|---|")
        for size in sizes if isinstance(sizes, list) else []:
            found = [measure(max(2, size), seed=n) for n in range(int(str(options["rounds"])))]
            first = found[0]
            seconds = statistics.median(f.seconds for f in found)
            right = sum(f.is_right for f in found)
            self.stdout.write(
                f"| {first.services} | {first.series} | {first.in_scope} | {first.queries} "
                f"| {first.rows} | {seconds:.2f} | {right} of {len(found)} |"
            )
