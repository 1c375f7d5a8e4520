"""The project's own files, as the tests of its shape see them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("sre_workspace", "agents", "investigations", "remediation", "telemetry", "lab")
FOLDERS = (
    *PACKAGES,
    "tests",
    "scripts",
    "templates",
    "static",
    "docs",
    "deploy",
    "requirements",
    ".ci",
)
SKIPPED = {"__pycache__", "node_modules"}


def files(*folders: str, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Yield our files in some folders, without caches."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file() and not SKIPPED & set(path.parts):
                yield path


def name(path: Path) -> str:
    """Return a path as seen from the root."""
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def lines(path: Path) -> int:
    """Return the number of lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())
