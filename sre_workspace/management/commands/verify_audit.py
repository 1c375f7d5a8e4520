"""``manage.py verify_audit``: whether the audit log is whole, also against heads kept elsewhere."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from investigations.domain.audit import AuditAnchor, check_audit


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

    def handle(self, *args: object, anchor: Path | None, **options: object) -> None:
        """Verify, say what was found, and keep the new head if all is sound."""
        anchors = _read(anchor) if anchor is not None else []
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
        if anchor is None:
            self.stdout.write("Whether the newest are gone is not known without --anchor FILE.")
        elif verdict.head is not None:
            if verdict.head not in anchors:
                with anchor.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(verdict.head)) + "\n")
            self.stdout.write(
                f"{len(anchors)} anchors are met. Head: entry {verdict.head.entry}, "
                f"{verdict.head.hash}."
            )


def _read(path: Path) -> list[AuditAnchor]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [json.loads(line) for line in lines if line.strip()]
        return [AuditAnchor(int(r["entry"]), str(r["hash"]), str(r["at"])) for r in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} is not a file of anchors: {error}") from error
