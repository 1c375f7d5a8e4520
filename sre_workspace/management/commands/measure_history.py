"""``manage.py measure_history``: how fast lists and search are over a long past."""

import secrets
import time
from argparse import ArgumentParser
from statistics import median, quantiles

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test import Client, override_settings

from investigations.enums import Role
from investigations.models import Incident
from sre_workspace.bench.database import own_database
from sre_workspace.bench.history import CAUSES, SERVICES, seed

NAME = "measure_history"
TARGET_SECONDS = 0.150
PAGES = {
    "inbox": ("/inbox/",),
    "incidents, any state": ("/incidents/?state=any", "/incidents/?state=any&sort=severity"),
    "history, first page": ("/history/",),
    "history, old page": ("/history/?before=40000", "/history/?before=977"),
    "history, one facet": tuple(f"/history/?cause={cause}" for cause, _, _ in CAUSES),
    "history, three facets": tuple(
        f"/history/?service={s}&severity=sev1&verdict=likely_cause" for s in SERVICES
    ),
    "history, a rare word": tuple(f"/history/?q={s}+certificate" for s in SERVICES),
    "history, a number": ("/history/?q=INC-977", "/history/?q=40000"),
    "history, a common word": ("/history/?q=payments", "/history/?q=latency", "/history/?q=calls"),
    "history, words and facets": tuple(
        f"/history/?q=slow&service={s}&cause=slow_query" for s in SERVICES
    ),
    "history, similar to one": tuple(f"/history/?like={n}" for n in range(500, 9000, 700)),
}


class Command(BaseCommand):
    """Seeds a database of its own (removed at the end) and asks its pages for what people ask."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size and where to write."""
        parser.add_argument("--incidents", type=int, default=100_000)
        parser.add_argument("--rounds", type=int, default=60, help="questions per kind of page")
        parser.add_argument("--keep", action="store_true", help="keep the database for another run")
        parser.add_argument(
            "--into-this-database", action="store_true",
            help="write made-up incidents into the database in use; they stay there",
        )  # fmt: skip

    def handle(self, *args: object, **options: int | bool) -> None:
        """Seed, measure, print, clean up."""
        count, rounds = int(options["incidents"]), max(2, int(options["rounds"]))
        if options["into_this_database"]:
            self.stderr.write(
                f"Writing {count} made-up incidents into {connection.settings_dict['NAME']}."
            )
            seed(count)
            return
        with own_database(NAME, is_kept=bool(options["keep"])):
            missing = count - Incident.objects.count()
            if missing > 0:
                began = time.perf_counter()
                seed(missing)
                self.stdout.write(
                    f"Seeded {missing} incidents in {time.perf_counter() - began:.0f} s."
                )
            self._measure(rounds)

    def _measure(self, rounds: int) -> None:
        slow = []
        self.stdout.write(f"{Incident.objects.count()} incidents, {rounds} requests each, in ms:")
        # Outside ``up`` there may be no key: one for this run alone serves.
        with override_settings(
            ALLOWED_HOSTS=["testserver"], SECURE_SSL_REDIRECT=False,
            SECRET_KEY=settings.SECRET_KEY or secrets.token_hex(32),
        ):  # fmt: skip
            client = _signed_in()
            for name, paths in PAGES.items():
                for path in paths[:2]:
                    _ask(client, path)
                took = [_ask(client, paths[n % len(paths)]) for n in range(rounds)]
                p95 = quantiles(took, n=20)[-1]
                slow += [name] if p95 > TARGET_SECONDS else []
                self.stdout.write(
                    f"  {name:28} median {median(took) * 1000:6.1f}  p95 {p95 * 1000:6.1f}"
                    f"  worst {max(took) * 1000:6.1f}"
                )
        if slow:
            raise CommandError(
                f"Slower than {TARGET_SECONDS * 1000:.0f} ms at p95: {', '.join(slow)}."
            )


def _ask(client: Client, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    took = time.perf_counter() - began
    if answer.status_code != 200:
        raise CommandError(f"{path} answered {answer.status_code}.")
    return took


def _signed_in() -> Client:
    user, _ = User.objects.get_or_create(username="measurer")
    user.groups.add(Group.objects.get_or_create(name=Role.APPROVER)[0])
    client = Client()
    client.force_login(user)
    return client
