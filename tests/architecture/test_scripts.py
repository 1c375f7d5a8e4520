"""The one script that pages load: made from its parts, and light."""

import gzip
import importlib.util

import pytest

from tests.architecture.tree import ROOT

pytestmark = pytest.mark.unit

BUDGET_BYTES = 25_000


def _build() -> str:
    spec = importlib.util.spec_from_file_location("build_js", ROOT / "scripts" / "build_js.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    parts = {p.stem for p in (ROOT / "static" / "js").glob("*.js")} - {"bundle"}
    assert parts == {*module.OWN, *module.LATER}, (
        "every script has its place in scripts/build_js.py"
    )
    return module.build()


def test_the_bundle_is_what_its_parts_make() -> None:
    assert (ROOT / "static" / "js" / "bundle.js").read_text(encoding="utf-8") == _build()


def test_the_bundle_is_within_its_budget() -> None:
    assert len(gzip.compress(_build().encode(), 9)) <= BUDGET_BYTES
