"""``manage.py sign_audit``: a month of the audit log as one signed file."""

from argparse import ArgumentParser
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.core.management.base import BaseCommand, CommandError

from investigations.domain.clock import database_now
from remediation.domain.audit_bundle import Month, make_bundle
from remediation.errors import BundleRefused


class Command(BaseCommand):
    """Every entry, the decisions counted, and the rules of safety held against what was done."""

    help = "A month's audit entries, decisions and safety checks as one signed zip file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the month, the key and the file."""
        parser.add_argument("month", help="as 2026-11, in UTC; the one that runs is cut off at now")
        parser.add_argument(
            "--key", type=Path, required=True, help="what make_audit_key has written"
        )
        parser.add_argument("--out", type=Path, default=None, help="default: audit-MONTH.zip")

    def handle(
        self, *args: object, month: str, key: Path, out: Path | None, **options: object
    ) -> None:
        """Write the file and say how it is verified."""
        try:
            wanted = Month.parse(month)
            if wanted.begins > database_now():
                raise BundleRefused(f"{wanted} has not begun.")
            packed = make_bundle(wanted, key=_private_key(key))
        except BundleRefused as error:
            raise CommandError(str(error)) from error
        path = out or Path(f"audit-{wanted}.zip")
        try:
            path.write_bytes(packed)
        except OSError as error:
            raise CommandError(f"{path} could not be written: {error.strerror}.") from error
        self.stdout.write(
            f"Wrote {path}. Whoever has the public key verifies it with: "
            f"./run manage verify_audit --bundle {path} --public FILE"
        )


def _private_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise CommandError(f"{path} is not a private key without a password: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CommandError(f"{path} is not an Ed25519 key, as make_audit_key makes.")
    return key
