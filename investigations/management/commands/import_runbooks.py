"""``manage.py import_runbooks FOLDER``: Markdown of a folder, or of a revision of a git repository."""

import argparse
import subprocess
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from investigations.domain.knowledge import MAX_TEXT, DocumentDraft, import_document
from investigations.errors import BoardError
from investigations.models import DocumentKind

MAX_FILES = 2000
GIT_SECONDS = 60


class Command(BaseCommand):
    """Import runbooks, or post-mortems with ``--kind postmortem``."""

    help = (
        "Import every Markdown file below a folder. With --git, read them from a revision of the "
        "repository there instead of its files. Importing again only changes what has changed."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Where from, and what it is."""
        parser.add_argument("folder", help="a folder, or with --git a repository on this machine")
        parser.add_argument("--git", metavar="REVISION", help="read this revision, such as main")
        parser.add_argument("--below", default="", help="with --git: only this folder of it")
        parser.add_argument("--kind", choices=DocumentKind.values, default=DocumentKind.RUNBOOK)

    def handle(self, *args: object, **options: object) -> None:
        """Import, and say what was added, changed, unchanged or refused."""
        folder = Path(str(options["folder"])).resolve()
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        kind = DocumentKind(str(options["kind"]))
        found = (
            _from_git(folder, str(options["git"]), str(options["below"]), kind)
            if options["git"]
            else _from_folder(folder, kind)
        )
        counts = {"added": 0, "changed": 0, "unchanged": 0}
        refused = 0
        for draft in found:
            try:
                counts[import_document(draft, author="system").outcome] += 1
            except BoardError as error:
                refused += 1
                self.stderr.write(f"{draft.source}: {error}")
        told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        self.stdout.write(f"{told}, {refused} refused.")


def _draft(kind: DocumentKind, data: bytes, source: str, revision: str) -> DocumentDraft:
    return DocumentDraft(
        kind=kind, text=data.decode("utf-8", "replace"), source=source, revision=revision,
        title=Path(source).stem.replace("-", " ").replace("_", " "),
    )  # fmt: skip


def _from_folder(folder: Path, kind: DocumentKind) -> Iterator[DocumentDraft]:
    """Yield the Markdown below a folder. Links that lead out of it are not followed."""
    paths = (p for p in sorted(folder.rglob("*.md")) if p.is_file())
    inside = [p for p in paths if p.resolve().is_relative_to(folder)]
    if len(inside) > MAX_FILES:
        raise CommandError(f"{len(inside)} files; at most {MAX_FILES} at once.")
    for path in inside:
        with path.open("rb") as file:
            data = file.read(4 * MAX_TEXT + 1)
        yield _draft(kind, data, f"{folder.name}/{path.relative_to(folder)}", "")


def _from_git(
    folder: Path, revision: str, below: str, kind: DocumentKind
) -> Iterator[DocumentDraft]:
    """Yield the Markdown of a revision, whatever is checked out."""
    commit = _git(folder, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    sha = commit.decode().strip()
    listed = _git(folder, "ls-tree", "-r", "-z", "--name-only", sha, "--", below or ".")
    names = [n for n in listed.decode("utf-8", "replace").split("\0") if n.endswith(".md")]
    if len(names) > MAX_FILES:
        raise CommandError(f"{len(names)} files; at most {MAX_FILES} at once.")
    for name in names:
        yield _draft(kind, _git(folder, "cat-file", "blob", f"{sha}:{name}"),
                     f"git {folder.name}: {name}", sha)  # fmt: skip


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, check=False,
            timeout=GIT_SECONDS,
        )  # fmt: skip
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise CommandError(f"git did not answer: {error}") from error
    if done.returncode:
        raise CommandError(done.stderr.decode("utf-8", "replace").strip()[:300])
    return done.stdout
