"""Every command that the documents tell people to type exists."""

import re

import pytest
from django.core.management import get_commands

from tests.architecture.tree import ROOT

pytestmark = pytest.mark.unit

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md")


def _texts() -> list[str]:
    return [(ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS]


def test_each_command_of_the_entry_point_exists() -> None:
    offered = set(re.findall(r"^([a-z]+)\)$", (ROOT / "run").read_text(encoding="utf-8"), re.M))
    told = {word for text in _texts() for word in re.findall(r"\./run ([a-z]+)", text)}
    assert {"up", "test"} <= told
    assert told - offered == set()


def test_each_management_command_exists() -> None:
    told = {
        word
        for text in _texts()
        for word in re.findall(r"(?:\./run manage|manage\.py) ([a-z_]+)", text)
    }
    assert told - set(get_commands()) == set()
