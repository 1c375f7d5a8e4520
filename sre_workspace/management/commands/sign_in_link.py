"""``manage.py sign_in_link ROLE``: a fresh one-time link for a local account."""

import argparse

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sre_workspace.accounts import make_account, make_sign_in_link
from sre_workspace.embedded.children import read_pid
from sre_workspace.embedded.stack import SUPERVISOR


class Command(BaseCommand):
    """Print a one-time link."""

    help = "Print a one-time sign-in link for a role's local account, while `up` runs on loopback."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """The role."""
        parser.add_argument("role", choices=["viewer", "responder", "approver", "admin"])

    def handle(self, *args: object, **options: object) -> None:
        """Make the link."""
        running = read_pid(settings.STATE.pids, SUPERVISOR)
        if running is None or running.process() is None:
            raise CommandError("SRE Workspace does not run. Start it with ./run up.")
        if not running.note:
            raise CommandError("Links are for loopback only. Use ./run manage make_account.")
        role = str(options["role"])
        user = make_account(username=f"local-{role}", roles=[role], password=None)
        self.stdout.write(f"{running.note}/sign-in/{make_sign_in_link(user)}/")
