"""``manage.py up``: run everything on this machine."""

import argparse
import json
import signal
import sys
import time
import urllib.error
import urllib.request

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from investigations.jobs import HOUSEKEEPING, send
from sre_workspace.embedded.paths import StateError
from sre_workspace.embedded.stack import Stack

READY_TIMEOUT_SECONDS = 60.0


class Command(BaseCommand):
    """Start the database, the broker, the web server, the workers, beat and the lab."""

    help = "Run SRE Workspace on this machine until Ctrl-C."
    requires_system_checks: list[str] = []
    is_to_stop = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Address and lab options."""
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--lab-services", type=int, default=0, help="services in the lab")
        parser.add_argument("--no-links", action="store_true", help="print no sign-in links")

    def handle(self, *args: object, **options: object) -> None:
        """Run until a signal."""
        began = time.monotonic()
        host, port = str(options["host"]), int(str(options["port"]))
        stack = Stack(
            paths=settings.STATE,
            host=host,
            port=port,
            with_postgres=settings.IS_DATABASE_EMBEDDED,
            with_valkey=settings.IS_REDIS_EMBEDDED,
            with_lab=settings.TELEMETRY_DEFAULT.get("kind") == "lab",
            lab_options=["--services", str(options["lab_services"])],
            say=self._say,
        )
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupt)
        try:
            stack.claim()
        except StateError as error:
            raise CommandError(str(error)) from error
        try:
            self._start(stack)
            self._wait_ready(stack)
            send(HOUSEKEEPING)
            self._announce(stack, began, with_links=not options["no_links"])
            while not self.is_to_stop:
                time.sleep(1)
                stack.watch()
        except KeyboardInterrupt:
            pass
        except StateError as error:
            raise CommandError(str(error)) from error
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._stop(stack)

    def _interrupt(self, number: int, frame: object) -> None:
        # The exception is lost where Python ignores exceptions, as in a finaliser; the flag is not.
        self.is_to_stop = True
        raise KeyboardInterrupt

    def _start(self, stack: Stack) -> None:
        self._say("Starting the database and the broker.")
        stack.start_services()
        call_command("migrate", verbosity=0, interactive=False)
        if stack.with_lab:
            self._give_lab_a_token()
        self._say("Starting the web server, the workers, beat and the lab.")
        stack.start_parts()

    def _give_lab_a_token(self) -> None:
        from investigations.intake.tokens import make_token  # noqa: PLC0415  # needs the database

        path = settings.STATE.intake_token
        path.touch(mode=0o600)
        path.write_text(make_token("lab"), encoding="utf-8")

    def _wait_ready(self, stack: Stack) -> None:
        url = f"{stack.address}/healthz"
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        last = ""
        while time.monotonic() < deadline:
            failing = _failing(url)
            if not failing:
                return
            last = failing
            stack.watch()
            time.sleep(0.1)
        raise CommandError(f"Not ready after {READY_TIMEOUT_SECONDS:.0f} s: {last}. "
                           f"See {stack.paths.logs}.")  # fmt: skip

    def _announce(self, stack: Stack, began: float, *, with_links: bool) -> None:
        base = stack.address
        self.stdout.write(f"READY {base} ({time.monotonic() - began:.1f} s)")
        if not (with_links and stack.is_local):
            self._flush()
            return
        from sre_workspace.accounts import (  # noqa: PLC0415  # needs the database
            LOCAL_ACCOUNTS,
            make_local_account,
            make_sign_in_link,
        )

        self.stdout.write("Sign in with one of these links (one use, 15 minutes):")
        for name in LOCAL_ACCOUNTS:
            link = make_sign_in_link(make_local_account(name))
            self.stdout.write(f"  {name:<11}{base}/sign-in/{link}/")
        self.stdout.write("Stop with Ctrl-C. More links: ./run manage sign_in_link NAME")
        self._flush()

    def _stop(self, stack: Stack) -> None:
        began = time.monotonic()
        stack.stop()
        self._say(f"Stopped in {time.monotonic() - began:.1f} s.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self._flush()

    def _flush(self) -> None:
        sys.stdout.flush()


def _failing(url: str) -> str:
    """Return the parts that do not serve yet, or ``""``."""
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310  # our own address
            return "" if answer.status == 200 else str(answer.status)
    except urllib.error.HTTPError as error:
        parts = json.loads(error.read() or b"{}").get("parts", {})
        return ", ".join(f"{k}: {v}" for k, v in parts.items() if v != "ok") or str(error.code)
    except (OSError, ValueError) as error:
        return f"web: {error}"
