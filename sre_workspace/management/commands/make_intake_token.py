"""``manage.py make_intake_token NAME``: a bearer token for the alert webhook."""

import argparse

from django.core.management.base import BaseCommand

from investigations.intake.tokens import make_token


class Command(BaseCommand):
    """Make a token and print it once."""

    help = "Make a bearer token with which a sender posts alerts. It is shown once, stored hashed."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Whose token it is."""
        parser.add_argument("name", help="the sender, such as alertmanager")

    def handle(self, *args: object, **options: object) -> None:
        """Make the token; an earlier one of the same name stops working."""
        self.stdout.write(make_token(str(options["name"])))
