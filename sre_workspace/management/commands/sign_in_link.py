"""``manage.py sign_in_link NAME``: a fresh one-time link for a local account."""

import argparse

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sre_workspace.accounts import LOCAL_ACCOUNTS, make_local_account, make_sign_in_link
from sre_workspace.embedded.children import read_pid
from sre_workspace.embedded.stack import SUPERVISOR


class Command(BaseCommand):
    """Print a one-time link."""

    help = "Print a one-time sign-in link for a local account, while `up` runs on loopback."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("name", choices=sorted(LOCAL_ACCOUNTS))

    def handle(self, *args: object, **options: object) -> None:
        """Make the link."""
        running = read_pid(settings.STATE.pids, SUPERVISOR)
        if running is None or running.process() is None:
            raise CommandError("SRE Workspace does not run. Start it with ./run up.")
        if not running.note:
            raise CommandError("Links are for loopback only. Use ./run manage make_account.")
        link = make_sign_in_link(make_local_account(str(options["name"])))
        self.stdout.write(f"{running.note}/sign-in/{link}/")
