"""The styles of the war room are light, and made from their parts."""

import gzip
import importlib.util
import re
from types import ModuleType

import pytest

from tests.architecture.tree import ROOT

pytestmark = pytest.mark.unit

BUDGET_BYTES = 15_000
PAGES = ("base.html", "investigations/room.html")
STYLES = ROOT / "static" / "css"


def _builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_js", ROOT / "scripts" / "build_js.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_rooms_styles_are_within_their_budget() -> None:
    text = "".join((ROOT / "templates" / page).read_text(encoding="utf-8") for page in PAGES)
    sheets = sorted(set(re.findall(r"css/[\w-]+\.css", text)))
    assert sheets == ["css/bundle-room.css", "css/bundle.css"], (
        "one file of every page, one of the room"
    )
    sizes = {s: len(gzip.compress((ROOT / "static" / s).read_bytes(), 9)) for s in sheets}
    assert sum(sizes.values()) <= BUDGET_BYTES, sizes


@pytest.mark.parametrize("name", ["bundle", "bundle-room"])
def test_a_joined_sheet_is_what_its_parts_make(name: str) -> None:
    assert (STYLES / f"{name}.css").read_text(encoding="utf-8") == _builder().build_sheet(name)


def test_joining_keeps_every_rule() -> None:
    builder = _builder()
    for name, parts in builder.SHEETS.items():
        rules = sum(
            (STYLES / f"{part}.css").read_text(encoding="utf-8").count("{") for part in parts
        )
        assert builder.build_sheet(name).count("{") == rules > 10
