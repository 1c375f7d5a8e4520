"""One module reads the environment, and ``.env.example`` names all that it may hold."""

import ast
import re

import pytest

from tests.architecture.tree import PACKAGES, ROOT, files, name, parsed

pytestmark = pytest.mark.unit

# Each with its reason: Django's settings module is named; children inherit the environment.
MAY_TOUCH = {
    "sre_workspace/env.py",
    "sre_workspace/asgi.py",
    "sre_workspace/celery.py",
    "sre_workspace/metronome.py",
    "sre_workspace/embedded/stack.py",
    "sre_workspace/bench/stack.py",
}


def _calls(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            first = node.args[0]
            if node.func.id.startswith("env_") and isinstance(first, ast.Constant):
                found.add(str(first.value))
    return found


def test_only_one_module_reads_the_environment() -> None:
    readers = {
        name(path)
        for path in files(*PACKAGES, suffixes=(".py",))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }
    assert readers - MAY_TOUCH == set()


def test_the_example_names_every_variable_and_no_other() -> None:
    read: set[str] = set()
    for path in files(*PACKAGES, suffixes=(".py",)):
        read |= _calls(parsed(path))
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", text, re.M)) == read


def test_the_example_gives_no_values() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    given = [line for line in text.splitlines() if re.match(r"[A-Z_]+=.", line)]
    assert given == []
