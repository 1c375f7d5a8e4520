"""Nothing grows too long to read."""

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, ROOT, files, lines, name, parsed

pytestmark = pytest.mark.unit

MODULE_LINES = 400
FUNCTION_LINES = 60
ENTRY_LINES = 25
OTHER = {".html": 120, ".css": 250, ".js": 200}
# Over the limit, each with its ceiling: it may only shrink.
ALLOWED: dict[str, int] = {}
VENDORED = ("static/vendor/", "static/js/vendor/")


def _modules() -> list[Path]:
    found = [*files(*PACKAGES, "tests", "scripts", suffixes=(".py",)), ROOT / "manage.py"]
    return [p for p in found if "migrations" not in p.parts]


def test_modules_are_short() -> None:
    too_long = {
        name(p): lines(p) for p in _modules() if lines(p) > ALLOWED.get(name(p), MODULE_LINES)
    }
    assert too_long == {}


def test_no_exception_outlives_its_need() -> None:
    stale = [path for path in ALLOWED if lines(ROOT / path) <= MODULE_LINES]
    assert stale == []


def test_functions_are_short() -> None:
    too_long = {}
    for path in _modules():
        is_entry = path.name in {"views.py", "tasks.py"} or path.parent.name == "views"
        limit = ENTRY_LINES if is_entry and "lab" not in path.parts else FUNCTION_LINES
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > limit:
                    too_long[f"{name(path)}:{node.name}"] = size
    assert too_long == {}


def test_templates_styles_and_scripts_are_short() -> None:
    found = files(*PACKAGES, "templates", "static", suffixes=tuple(OTHER))
    own = [p for p in found if not name(p).startswith(VENDORED) and ".min." not in p.name]
    too_long = {name(p): lines(p) for p in own if lines(p) > OTHER[p.suffix]}
    assert too_long == {}
