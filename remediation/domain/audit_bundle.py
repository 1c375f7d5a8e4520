"""A month of the audit log as one signed file, for whoever must not depend on this server's word."""

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from investigations.domain.audit import AuditAnchor, check_audit
from investigations.domain.journal import chain_hash
from investigations.models import AuditEntry
from remediation.domain.safety_record import check_record
from remediation.errors import BundleRefused
from telemetry.results import canonical

ENTRIES, DECISIONS, CHECKS, ANCHOR = (
    "entries.jsonl", "decisions.json", "checks.json", "anchor.jsonl",
)  # fmt: skip
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
FORMAT = "sre-workspace-audit-1"
FIELDS = ("id", "actor", "verb", "subject", "detail", "previous_hash", "hash")
# A month of a busy installation is some ten megabytes; a file that unpacks to more is not one of ours.
MOST_BYTES = 2_000_000_000
# A zip file keeps times; the same month must give the same bytes.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in UTC."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read ``2026-11``.

        Raises:
            BundleRefused: It is no month.
        """
        try:
            at = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
        except ValueError:
            raise BundleRefused(f"{text!r} is not a month. Write it as 2026-11.") from None
        return cls(at.year, at.month)

    @property
    def begins(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime(self.year + self.month // 12, self.month % 12 + 1, 1, tzinfo=UTC)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle holds, once its signature and its digests have been found good."""

    month: str
    entries: int
    failed_checks: tuple[str, ...]
    head: AuditAnchor | None


def make_bundle(month: Month, *, key: Ed25519PrivateKey) -> bytes:
    """Return a month's entries, decisions and safety checks as a signed zip. Changes nothing.

    The same log, month and key give the same bytes.

    Raises:
        BundleRefused: The log is not sound: nothing is signed of which that is known.
    """
    verdict = check_audit(())
    if verdict.broken is not None:
        raise BundleRefused(
            f"The log's chain breaks at entry {verdict.broken}: nothing is signed. Find out what "
            "changed it first."
        )
    rows = AuditEntry.objects.filter(at__gte=month.begins, at__lt=month.ends).order_by("id")
    entries = [_entry(row) for row in rows.iterator(chunk_size=500)]
    checks = [
        {**asdict(check), "has_passed": check.has_passed}
        for check in check_record(month.begins, month.ends)
    ]
    last = entries[-1] if entries else {}
    anchor = {"entry": last["id"], "hash": last["hash"], "at": last["at"]} if last else {}
    files = {
        ENTRIES: b"".join(canonical(entry) + b"\n" for entry in entries),
        DECISIONS: canonical(dict(sorted(Counter(str(e["verb"]) for e in entries).items()))),
        CHECKS: canonical({"checks": checks}),
        ANCHOR: canonical(anchor) + b"\n" if anchor else b"",
    }
    manifest = canonical({
        "format": FORMAT, "month": str(month), "entries": len(entries),
        "files": {name: hashlib.sha256(body).hexdigest() for name, body in files.items()},
    })  # fmt: skip
    return _zipped({**files, MANIFEST: manifest, SIGNATURE: key.sign(manifest).hex().encode()})


def _entry(row: AuditEntry) -> dict[str, object]:
    return {"at": row.at.isoformat(), **{name: getattr(row, name) for name in FIELDS}}


def _zipped(files: Mapping[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), body, zipfile.ZIP_DEFLATED)
    return held.getvalue()


def read_bundle(packed: bytes, *, key: Ed25519PublicKey) -> Bundle:
    """Return what a bundle says, if the key's owner signed it and it is whole. Needs no database.

    Raises:
        BundleRefused: It is no bundle, was not signed with this key, or is not as it was signed.
    """
    files = _unzipped(packed)
    try:
        key.verify(bytes.fromhex(files[SIGNATURE].decode("ascii")), files[MANIFEST])
    except (InvalidSignature, ValueError):
        raise BundleRefused(
            "The signature is not that of this key: believe nothing in it."
        ) from None
    manifest = json.loads(files[MANIFEST])
    if manifest["format"] != FORMAT:
        raise BundleRefused(f"This version does not know the format {manifest['format']}.")
    for name, digest in manifest["files"].items():
        if hashlib.sha256(files.get(name, b"")).hexdigest() != digest:
            raise BundleRefused(f"{name} is not as it was signed.")
    _follow(files[ENTRIES])
    checks = json.loads(files[CHECKS])["checks"]
    anchor = json.loads(files[ANCHOR]) if files[ANCHOR] else None
    return Bundle(
        month=manifest["month"], entries=manifest["entries"],
        failed_checks=tuple(c["name"] for c in checks if not c["has_passed"]),
        head=AuditAnchor(**anchor) if anchor else None,
    )  # fmt: skip


def _follow(lines: bytes) -> None:
    """Refuse entries that do not follow from one another, whoever signed them."""
    previous: str | None = None
    for line in lines.splitlines():
        entry = json.loads(line)
        body = {name: entry[name] for name in ("at", "actor", "verb", "subject", "detail")}
        follows = previous is None or entry["previous_hash"] == previous
        if not follows or chain_hash(entry["previous_hash"], body) != entry["hash"]:
            raise BundleRefused(f"Entry {entry['id']} does not follow from the one before.")
        previous = entry["hash"]


def _unzipped(packed: bytes) -> dict[str, bytes]:
    wanted: Iterable[str] = (ENTRIES, DECISIONS, CHECKS, ANCHOR, MANIFEST, SIGNATURE)
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
                raise BundleRefused("It unpacks to more than a month of any log.")
            return {name: archive.read(name) for name in wanted}
    except (zipfile.BadZipFile, KeyError) as error:
        raise BundleRefused(f"It is not a bundle of this product: {error}") from error
