"""What must not be in the project: a machine's paths, a registry's address, unfinished marks."""

import re

import pytest

from tests.architecture.tree import FOLDERS, PACKAGES, ROOT, files, name, parsed

pytestmark = pytest.mark.unit

TEXTS = (".py", ".html", ".js", ".css", ".md", ".txt", ".toml", ".yml", ".yaml", ".sh", "")
REGISTRY = re.compile(r"(?:extra-)?index-url[ =]|files\.pythonhosted\.org")
MACHINE = re.compile(r"(?<![\w.])/(?:" + "work|farm" + r")/|/home/\w+/|/Users/\w+/")
UNFINISHED = re.compile(r"\b(?:" + "TO" + "DO|FIX" + "ME|XX" + r"X)\b|NotImplemented" + "Error")


def _lines() -> list[tuple[str, str]]:
    # A linked worktree has a file named .git, which holds the machine's path and is not ours.
    own = [p for p in ROOT.iterdir() if p.is_file() and p.name != ".git"]
    found = [*files(*FOLDERS, suffixes=TEXTS), *own]
    result = []
    for path in found:
        if path.suffix in TEXTS and "vendor" not in path.parts:
            text = path.read_text(encoding="utf-8", errors="replace")
            result += [(f"{name(path)}:{i}", line) for i, line in enumerate(text.splitlines(), 1)]
    return result


@pytest.mark.parametrize("pattern", [REGISTRY, MACHINE, UNFINISHED], ids=lambda p: p.pattern[:12])
def test_no_line_has(pattern: re.Pattern[str]) -> None:
    here = "tests/architecture/test_hygiene.py"
    found = [place for place, line in _lines() if pattern.search(line)]
    assert [place for place in found if not place.startswith(here)] == []


def test_every_error_is_caught_by_name() -> None:
    """At most one handler may catch everything, with its reason beside it."""
    import ast

    broad = [
        f"{name(path)}:{node.lineno}"
        for path in files(*PACKAGES, suffixes=(".py",))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
    ]
    assert len(broad) <= 1, broad
