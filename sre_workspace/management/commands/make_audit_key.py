"""``manage.py make_audit_key``: the key with which a month of the audit log is signed."""

import os
from argparse import ArgumentParser
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Write the private half for its owner's eyes only; print the public half."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the place of the private half."""
        parser.add_argument(
            "file", type=Path, help="where the private key is written; must not exist"
        )

    def handle(self, *args: object, file: Path, **options: object) -> None:
        """Make both halves."""
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            with os.fdopen(
                os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as held:
                held.write(private)
        except FileExistsError as error:
            raise CommandError(f"{file} is there already. Nothing was written.") from error
        except OSError as error:
            raise CommandError(f"{file} could not be written: {error.strerror}.") from error
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.stdout.write(public.decode("ascii"), ending="")
        self.stderr.write(
            f"The private key is in {file}. Keep it off the servers; give the public one, above, to "
            "whoever is to verify."
        )
