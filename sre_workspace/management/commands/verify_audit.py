"""``manage.py verify_audit``: whether the audit log is whole, also against what was kept elsewhere."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.management.base import BaseCommand, CommandError

from investigations.domain.audit import AuditAnchor, check_audit
from remediation.domain.audit_bundle import Bundle, read_bundle
from remediation.errors import BundleRefused


class Command(BaseCommand):
    """The chain shows a change; only a head that was kept elsewhere shows that the end is gone."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file of anchors."""
        parser.add_argument(
            "--anchor", type=Path, default=None, metavar="FILE",
            help="a file of earlier heads, one a line: each is looked for, then the head of now is "
            "added; keep it where the database's owner cannot write",
        )  # fmt: skip
        parser.add_argument(
            "--bundle", type=Path, default=None, metavar="FILE",
            help="a month that sign_audit has signed: it is verified, and its newest entry is looked for",
        )  # fmt: skip
        parser.add_argument(
            "--public", type=Path, default=None, metavar="FILE",
            help="the public key that make_audit_key printed, as PEM",
        )  # fmt: skip

    def handle(
        self, *args: object, anchor: Path | None, bundle: Path | None, public: Path | None,
        **options: object,
    ) -> None:  # fmt: skip
        """Verify, say what was found, and keep the new head if all is sound."""
        anchors = _read(anchor) if anchor is not None else []
        if bundle is not None:
            anchors += self._believed(bundle, public)
        verdict = check_audit(anchors)
        if verdict.broken is not None:
            raise CommandError(
                f"The chain breaks at entry {verdict.broken}: something was changed behind the "
                "database's rules. No anchor was added."
            )
        if verdict.lost:
            first = verdict.lost[0]
            raise CommandError(
                f"The log was cut off or written anew: entry {first.entry} of {first.at} is not "
                f"there as it was ({len(verdict.lost)} of {len(anchors)} anchors are not met). "
                "No anchor was added."
            )
        self.stdout.write(f"Sound: all {verdict.count} entries follow from the first.")
        if anchor is None and bundle is None:
            self.stdout.write("Whether the newest are gone is not known without --anchor FILE.")
        elif anchor is None:
            self.stdout.write("What the bundle holds is still in the log.")
        elif verdict.head is not None:
            if verdict.head not in anchors:
                with anchor.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(verdict.head)) + "\n")
            self.stdout.write(
                f"{len(anchors)} anchors are met. Head: entry {verdict.head.entry}, "
                f"{verdict.head.hash}."
            )

    def _believed(self, path: Path, public: Path | None) -> list[AuditAnchor]:
        """Say what a bundle holds; return its newest entry, to be looked for."""
        if public is None:
            raise CommandError("--bundle needs --public: the key that it was signed with.")
        try:
            found: Bundle = read_bundle(path.read_bytes(), key=_public_key(public))
        except (OSError, BundleRefused) as error:
            raise CommandError(f"{path}: {error}") from error
        self.stdout.write(f"{path.name}: {found.month}, {found.entries} entries, signed and whole.")
        if found.failed_checks:
            names = ", ".join(found.failed_checks)
            self.stdout.write(
                f"When it was signed these rules did not hold: {names}. See checks.json."
            )
        return [found.head] if found.head is not None else []


def _public_key(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} is not a public key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise CommandError(f"{path} is not an Ed25519 key, as make_audit_key makes.")
    return key


def _read(path: Path) -> list[AuditAnchor]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [json.loads(line) for line in lines if line.strip()]
        return [AuditAnchor(int(r["entry"]), str(r["hash"]), str(r["at"])) for r in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} is not a file of anchors: {error}") from error
