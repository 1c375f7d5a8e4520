"""What the documents tell people to type, and where they point, exists."""

import re

import pytest
from django.core.management import get_commands

from tests.architecture.tree import ROOT

pytestmark = pytest.mark.unit


def _texts() -> list[str]:
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [path.read_text(encoding="utf-8") for path in paths]


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


def test_each_link_between_documents_leads_somewhere() -> None:
    broken = [
        f"{path.name}: {target}"
        for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))
        if not target.startswith("http") and not (path.parent / target).exists()
    ]
    assert broken == []


def test_each_check_of_the_war_room_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:4] for line in text.splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(number) for number, _, _ in rows] == list(range(1, 41))
    missing = []
    for number, _, shown in rows:
        path = ""
        told = re.findall(r"`([^`]+)`", shown)
        assert told, number
        for one in told:
            if one == "./run bench":
                continue
            file, _, name = one.partition("::")
            path = file.replace("e2e/", "tests/e2e/") if file else path
            if f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8"):
                missing.append(one)
    assert missing == []
