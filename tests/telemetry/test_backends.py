"""A telemetry reference opens its sources, or sources that say why they cannot be."""

from collections.abc import Mapping

import pytest

from telemetry import backends
from telemetry.ask import guarded
from telemetry.errors import QueryRejected
from telemetry.ports import TelemetrySources
from telemetry.results import ResultStatus
from telemetry.testing import MemoryData, open_memory_sources
from tests.telemetry.test_ask import SHOP, WINDOW, ask_all

pytestmark = pytest.mark.unit
_made: list[Mapping[str, str]] = []


def open_named(ref: Mapping[str, str]) -> TelemetrySources:
    """Open a source of its own for the tests below, as a site's adapter would."""
    _made.append(ref)
    return open_memory_sources(MemoryData(name=ref["name"], logs=[]))


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, settings) -> None:
    monkeypatch.setattr(backends, "_opened", type(backends._opened)())
    settings.TELEMETRY_BACKENDS = {"ours": "tests.telemetry.test_backends.open_named"}
    _made.clear()


def test_a_backend_of_the_settings_is_opened_once_per_reference() -> None:
    first = backends.open_sources({"kind": "ours", "name": "a"})
    assert backends.open_sources({"name": "a", "kind": "ours"}) is first
    assert backends.open_sources({"kind": "ours", "name": "b"}) is not first
    assert first.logs is not None
    assert first.logs.name == "a"
    assert len(_made) == 2


def test_only_the_last_used_stay_open() -> None:
    for name in "abc":
        backends.open_sources({"kind": "ours", "name": name})
    backends.open_sources({"kind": "ours", "name": "a"})
    backends.open_sources({"kind": "ours", "name": "d"})
    backends.open_sources({"kind": "ours", "name": "a"})
    assert [ref["name"] for ref in _made] == ["a", "b", "c", "d"]
    backends.open_sources({"kind": "ours", "name": "b"})
    assert _made[-1]["name"] == "b"


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(QueryRejected, match="no telemetry source of kind 'carrier-pigeon'"):
        backends.open_sources({"kind": "carrier-pigeon"})


def test_a_recording_that_is_gone_is_a_gap_of_every_port(tmp_path) -> None:
    ref = {"kind": "recorded", "path": str(tmp_path / "gone")}
    answers = ask_all(guarded(backends.open_sources(ref)))
    assert {a.status for a in answers.values()} == {ResultStatus.ERROR}
    assert answers["lines"].message == f"There is nothing at {tmp_path / 'gone'}."


def test_sources_can_be_overridden_for_a_test() -> None:
    ours = open_memory_sources(MemoryData(name="ours", logs=[]))
    with backends.override_sources(ours):
        assert backends.open_sources({"kind": "lab"}) is ours
    found = guarded(backends.open_sources({"kind": "ours", "name": "z"}))
    assert found.logs.lines([SHOP], WINDOW).provenance.source == "z"
