"""Write docs/status.md and the table in the README: which capability some test shows.

Usage: python scripts/status.py [--check]
"""

import ast
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- status: made by scripts/status.py -->", "<!-- end of status -->"
Shown = dict[int, list[str]]


def shown() -> Shown:
    """Return the tests that name each capability with ``pytest.mark.capability``."""
    found: Shown = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for number in _numbers(node):
                    found[number].append(f"{path.relative_to(ROOT)}::{node.name}")
    return found


def _numbers(function: ast.FunctionDef) -> list[int]:
    marks = [d for d in function.decorator_list if isinstance(d, ast.Call)
             and ast.unparse(d.func) == "pytest.mark.capability"]  # fmt: skip
    return [int(ast.literal_eval(argument)) for mark in marks for argument in mark.args]


def areas() -> list[tuple[str, dict[int, str]]]:
    """Return each area's title and its capabilities by number."""
    text = (ROOT / "docs" / "capabilities.toml").read_text("utf-8")
    return [
        (area["title"], {int(n): said for n, said in area.items() if n != "title"})
        for area in tomllib.loads(text).values()
    ]


def summary(found: Shown) -> str:
    """Return the README's table."""
    rows = ["| | shown by a test | not yet |", "|---|---|---|"]
    for title, capabilities in areas():
        count = sum(number in found for number in capabilities)
        rows.append(f"| {title} | {count} | {len(capabilities) - count} |")
    return "\n".join(rows)


def page(found: Shown) -> str:
    """Return docs/status.md."""
    parts = [
        "# What works, by test",
        "Made by `scripts/status.py` from the tests that name a capability. A line without a test is "
        "not claimed, even where some of it is there.",
    ]
    for title, capabilities in areas():
        rows = [f"## {title}\n", "| | capability | shown by |", "|---|---|---|"]
        for number, said in capabilities.items():
            tests = "<br>".join(f"`{name}`" for name in found.get(number, [])) or "not yet"
            rows.append(f"| {number} | {said} | {tests} |")
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"


def texts() -> dict[Path, str]:
    """Return what each file should hold.

    Raises:
        ValueError: A test names a capability that does not exist.
    """
    found = shown()
    known = {number for _, capabilities in areas() for number in capabilities}
    if unknown := set(found) - known:
        raise ValueError(f"No such capability: {sorted(unknown)}.")
    readme = ROOT / "README.md"
    head, _, rest = readme.read_text("utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    return {
        ROOT / "docs" / "status.md": page(found),
        readme: f"{head}{BEGIN}\n{summary(found)}\n{END}{tail}",
    }


def main() -> int:
    """Write the files, or with ``--check`` say which are out of date."""
    stale = [p for p, text in texts().items() if not p.exists() or p.read_text("utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run python scripts/status.py")
        return 1 if stale else 0
    for path, text in texts().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
