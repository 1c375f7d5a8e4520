"""The styles of the war room are light."""

import gzip
import re

import pytest

from tests.architecture.tree import ROOT

pytestmark = pytest.mark.unit

BUDGET_BYTES = 15_000
PAGES = ("base.html", "investigations/room.html")


def test_the_rooms_styles_are_within_their_budget() -> None:
    text = "".join((ROOT / "templates" / page).read_text(encoding="utf-8") for page in PAGES)
    sheets = sorted(set(re.findall(r"css/[\w-]+\.css", text)))
    assert {"css/tokens.css", "css/room.css"} <= set(sheets)
    sizes = {s: len(gzip.compress((ROOT / "static" / s).read_bytes(), 9)) for s in sheets}
    assert sum(sizes.values()) <= BUDGET_BYTES, sizes
