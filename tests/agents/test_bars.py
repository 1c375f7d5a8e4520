"""Bars for naming a cause, compared on past cases: how many each names, how many of those were right."""

from datetime import UTC, datetime

import pytest

from agents.queries.calibration import bars_of
from agents.reconciler.rules import MIN_POSTERIOR
from investigations.domain.grades import grade_by_person
from investigations.enums import GradeValue
from investigations.models import Diagnosis
from investigations.queries.grades import Graded
from tests.factories.board import open_board
from tests.factories.people import person

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def case(claimed: float, worth: float) -> Graded:
    return Graded(
        1, "t", "bad_release", "likely_cause", claimed, worth, "right", "person", "", NOW, {}
    )


@pytest.mark.unit
@pytest.mark.capability(88)
def test_two_bars_are_compared_on_the_same_past_cases() -> None:
    past = [case(0.95, 1), case(0.92, 1), case(0.85, 0), case(0.7, 1), case(0.62, 0), case(0.4, 1)]
    bars = {bar.least: bar for bar in bars_of(past)}
    low, high = bars[0.6], bars[0.9]
    assert (low.named, low.right, low.kept_back) == (5, 0.6, 1)
    assert (high.named, high.right, high.kept_back) == (2, 1.0, 2)
    assert [bar.least for bar in bars.values() if bar.is_in_use] == [MIN_POSTERIOR]
    assert bars_of([case(0.55, 0.5)])[-1].right is None, "a bar that names nothing has no share"


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.capability(88)
def test_the_page_of_calibration_shows_each_bar_beside_the_one_in_use(client) -> None:
    for number, (claimed, value) in enumerate(((0.95, GradeValue.RIGHT), (0.65, GradeValue.WRONG))):
        board = open_board(f"case {number}")
        Diagnosis.objects.create(
            investigation=board, number=1, step_key="x", verdict="likely_cause", confidence=claimed,
            fault_class="retry_storm", resource="service/payments", summary="x",
            claim={"calibrated": claimed, "fault_class": "retry_storm", "posterior": claimed},
        )  # fmt: skip
        grade_by_person(
            investigation_id=board.pk, value=value, user=person(f"p{number}", "responder")
        )
    client.force_login(person("vi", "viewer"))
    page = client.get("/calibration/").content.decode()
    assert (
        '60% (in use)</th><td class="whole">2</td><td class="whole">50%</td><td class="whole">0<'
        in page
    )
    assert '90%</th><td class="whole">1</td><td class="whole">100%</td><td class="whole">0<' in page
