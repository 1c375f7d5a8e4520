"""``manage.py lab --attached``: play a production on a real API server, for a real Prometheus."""

import argparse
import signal
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from lab.attached.api import ApiError
from lab.attached.run import AttachedLab, AttachedOptions, NotReady


class Command(BaseCommand):
    """Run the attached lab until it is ended."""

    help = (
        "Run the practice system as the kubelet of a disposable Kubernetes cluster: its "
        "Deployments are the lab's services. Roll out an image whose tag ends in -errors, -slow, "
        "-leak, -crash, -locks or -chatty to make an incident."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("--attached", action="store_true", help="needed: play on a cluster")
        parser.add_argument("--kubeconfig", help="of a disposable cluster, with admin rights")
        parser.add_argument("--namespace", default="prod")
        parser.add_argument("--metrics-port", type=int, default=9105, help="for Prometheus")
        parser.add_argument("--kubelet-port", type=int, default=10251, help="for pod logs")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--history", type=Path, default=None,
            help="write half an hour of history here, for promtool tsdb create-blocks-from "
            "openmetrics",
        )  # fmt: skip

    def handle(self, *args: object, **options: object) -> None:
        """Start, say READY, go on until interrupted."""
        if not options["attached"] or not options["kubeconfig"]:
            raise CommandError(
                "Give --attached and --kubeconfig FILE. Without a cluster the lab comes along "
                "with ./run up."
            )
        history = options["history"]
        chosen = AttachedOptions(
            kubeconfig=str(options["kubeconfig"]), namespace=str(options["namespace"]),
            metrics_port=int(str(options["metrics_port"])),
            kubelet_port=int(str(options["kubelet_port"])), seed=int(str(options["seed"])),
            history=history if isinstance(history, Path) else None,
        )  # fmt: skip
        try:
            lab = AttachedLab(chosen)
            lab.start()
        except (ApiError, NotReady, OSError) as error:
            raise CommandError(f"The lab cannot start: {error}") from error
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: lab.stop())
        self.stdout.write(f"READY metrics on http://127.0.0.1:{chosen.metrics_port}/metrics")
        sys.stdout.flush()
        lab.run(on_error=lambda text: self.stderr.write(f"The API server: {text}"))
