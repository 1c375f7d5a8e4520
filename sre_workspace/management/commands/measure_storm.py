"""``manage.py measure_storm``: what an alert costs that joins an open incident, and how many a second."""

import json
import time
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from investigations.intake.tokens import make_token
from investigations.models import Alert, Incident, ServiceDependency
from sre_workspace.bench.database import own_database

NAME = "measure_storm"
SERVICES = 40
PATH = "/api/alerts/alertmanager/"


class Command(BaseCommand):
    """Sends alerts of one storm through the webhook's own code, in a database of its own."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of the storm."""
        parser.add_argument("--alerts", type=int, default=1000)
        parser.add_argument("--senders", type=int, default=4, help="deliveries at the same time")

    def handle(self, *args: object, **options: int) -> None:
        """Print queries per alert and alerts per second, alone and in deliveries of a hundred."""
        count, senders = max(100, int(options["alerts"])), max(1, int(options["senders"]))
        with own_database(NAME), override_settings(ALLOWED_HOSTS=["testserver"]):
            _connect_services()
            token = make_token("storm")
            self.stdout.write("| alerts per delivery | queries per alert | alerts per second |")
            self.stdout.write("|---|---|---|")
            for size in (1, 100):
                bodies = [_delivery(f"{size}-{n}", size) for n in range(count // size)]
                client = Client()
                _send(client, _delivery(f"{size}-first", 1), token)
                with CaptureQueriesContext(connection) as captured:
                    _send(client, bodies.pop(), token)
                began = time.perf_counter()
                with ThreadPoolExecutor(senders) as pool:
                    shares = [bodies[n::senders] for n in range(senders)]
                    list(pool.map(lambda share: _send_all(share, token), shares))
                rate = len(bodies) * size / (time.perf_counter() - began)
                self.stdout.write(f"| {size} | {len(captured) / size:.2f} | {rate:.0f} |")
            if Incident.objects.count() != 1:
                raise CommandError(f"The storm opened {Incident.objects.count()} incidents.")
            self.stdout.write(f"{Alert.objects.count()} alerts in one incident.")


def _connect_services() -> None:
    now = datetime.now(UTC)
    ServiceDependency.objects.bulk_create(
        ServiceDependency(
            caller="service/shop", callee=f"service/s{n}", source="traces", seen_at=now
        )
        for n in range(SERVICES)
    )


def _delivery(name: str, size: int) -> bytes:
    began = datetime.now(UTC).isoformat()
    alerts = [
        {
            "status": "firing", "fingerprint": f"{name}-{n}", "startsAt": began,
            "labels": {"alertname": "HighLatency", "service": f"s{hash((name, n)) % SERVICES}",
                       "severity": "warning"},
            "annotations": {"summary": "Latency is high", "value": "1.5"},
        }
        for n in range(size)
    ]  # fmt: skip
    return json.dumps({"version": "4", "status": "firing", "alerts": alerts}).encode()


def _send(client: Client, body: bytes, token: str) -> None:
    answer = client.post(
        PATH, body, content_type="application/json", headers={"Authorization": f"Bearer {token}"}
    )
    if answer.status_code != 200:
        raise CommandError(f"The webhook answered {answer.status_code}: {answer.content!r}")


def _send_all(bodies: list[bytes], token: str) -> None:
    client = Client()
    try:
        for body in bodies:
            _send(client, body, token)
    finally:
        connection.close()
