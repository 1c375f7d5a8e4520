"""The whole loop on the board, against the lab in this process."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.domain.drain import drain
from investigations.domain.incidents import IncidentDraft, open_incident
from investigations.domain.journal import verify_chain
from investigations.enums import IncidentOrigin
from investigations.models import BoardEvent
from investigations.queries.board import apply_event, board_snapshot
from lab.inprocess import InProcessLabClient
from lab.scenarios import SCENARIOS
from telemetry.adapters.lab import open_lab_sources
from telemetry.backends import override_sources
from telemetry.types import TimeWindow
from tests.factories.worlds import started

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def run_scenario(slug: str, seed: int):
    world = started(slug, seed, now=NOW)
    sources = open_lab_sources(InProcessLabClient(world))
    onset = world.at(world.truth.onset_step)
    alert = sources.alerts.alerts(TimeWindow(onset, NOW)).data[0]
    draft = IncidentDraft(
        title=alert.summary,
        resource=str(alert.resource),
        origin=IncidentOrigin.PRACTICE,
        started_at=alert.starts_at,
        window_start=alert.starts_at - timedelta(minutes=5),
        window_end=NOW,
        baseline_start=alert.starts_at - timedelta(minutes=20),
        baseline_end=alert.starts_at - timedelta(minutes=5),
        telemetry={"kind": "lab"},
        semantic=alert.semantic or "",
    )
    with override_sources(sources):
        _, investigation = open_incident(draft)
        assert drain(investigation.pk, timeout_seconds=60)
    return world.truth, investigation


@pytest.mark.capability(33, 34)
@pytest.mark.parametrize("slug", sorted(SCENARIOS))
def test_scenario_is_diagnosed_on_the_board(slug: str) -> None:
    truth, investigation = run_scenario(slug, seed=1)
    diagnosis = investigation.diagnoses.order_by("-number")[0]
    took = diagnosis.reached_at - investigation.started_at
    assert took < timedelta(seconds=30), "each of the suite, so the slowest of a hundred too"
    if truth.fault_class == "no_fault":
        assert diagnosis.verdict == "no_fault"
    else:
        assert (diagnosis.verdict, diagnosis.resource, diagnosis.fault_class) == (
            "likely_cause", truth.resource, truth.fault_class,
        )  # fmt: skip
    assert verify_chain(investigation.pk) is None
    folded: dict = {}
    for event in BoardEvent.objects.filter(investigation=investigation).order_by("sequence"):
        apply_event(folded, event)
    snapshot = board_snapshot(investigation.pk).collections
    for name in ("evidence", "hypotheses", "stances", "diagnoses", "entries", "incident"):
        assert folded.get(name, {}) == snapshot[name]
