"""``manage.py make_intake_token NAME``: a bearer token for a webhook sender."""

import argparse

from django.core.management.base import BaseCommand

from investigations.intake.tokens import make_token


class Command(BaseCommand):
    """Print a fresh token, once."""

    help = "Make a bearer token for a sender of alerts, or replace the one of that name."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """The sender's name."""
        parser.add_argument("name")

    def handle(self, *args: object, **options: object) -> None:
        """Make it."""
        self.stdout.write(make_token(str(options["name"])))
