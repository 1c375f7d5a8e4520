"""``manage.py make_account NAME --role ROLE``: an account with a password."""

import argparse
import getpass
import sys

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from sre_workspace.accounts import make_account


class Command(BaseCommand):
    """Create or change an account."""

    help = "Create an account or set its roles and password. The password is asked for, or read "
    help += "from standard input with --password-stdin."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Name, roles, where the password comes from."""
        parser.add_argument("name")
        parser.add_argument("--role", action="append", required=True)
        parser.add_argument("--password-stdin", action="store_true")

    def handle(self, *args: object, **options: object) -> None:
        """Ask, check, store."""
        if options["password_stdin"]:
            password = sys.stdin.readline().strip()
        else:
            try:
                password, again = getpass.getpass("Password: "), getpass.getpass("Again: ")
            except EOFError as error:
                raise CommandError(
                    "Nobody can be asked for a password here. Pipe it in: --password-stdin."
                ) from error
            if password != again:
                raise CommandError("The passwords differ.")
        try:
            validate_password(password)
            roles = [str(r) for r in options["role"]]  # type: ignore[attr-defined]  # a list
            make_account(username=str(options["name"]), roles=roles, password=password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['name']}: {', '.join(roles)}")
