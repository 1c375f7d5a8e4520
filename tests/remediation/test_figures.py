"""Figures: each counted from stored rows, with its formula; practice never mixed in."""

from datetime import UTC, datetime, timedelta

import pytest

from investigations.domain.clock import database_now
from investigations.models import Attention, BoardEntry, Diagnosis, Handoff, Incident
from remediation.models import ActionOutcome
from remediation.queries.figures import read_figures
from tests.factories.board import open_board
from tests.factories.people import person
from tests.remediation.test_govern_pages import plan_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NIGHT = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)


def case(
    *, helped: bool | None, minutes: float, severity: str = "sev2", origin: str = "alert",
    autonomous: bool = False, handoff: bool = False, cents: float | None = None,
) -> None:  # fmt: skip
    """Store an incident: a verdict after one minute, mitigated after some, an outcome or none."""
    board, now = open_board(), database_now()
    started = now - timedelta(hours=2)
    Incident.objects.filter(pk=board.incident_id).update(
        started_at=started, severity=severity, origin=origin, state="mitigated",
        mitigated_at=started + timedelta(minutes=minutes),
    )  # fmt: skip
    action = plan_of(board)
    Diagnosis.objects.create(
        investigation=board, number=2, step_key="first", summary="x", claim={},
        verdict="likely_cause", reached_at=started + timedelta(minutes=1),
    )  # fmt: skip
    if helped is not None:
        ActionOutcome.objects.create(
            action=action, kind="scale", service="service/x", fault_class="x", helped=helped,
            was_autonomous=autonomous, seconds_to_recover=60.0 if helped else None,
        )  # fmt: skip
    if handoff:
        Handoff.objects.create(investigation=board, number=1, author="person/a", offered_at=now)
    if cents is not None:
        BoardEntry.objects.create(investigation=board, kind="model_call", key="m",
                                  data={"cost_cents": cents})  # fmt: skip


def told(*, practice: bool = False) -> dict[str, tuple[float | None, int]]:
    found = read_figures(practice=practice, now=database_now())
    assert all(f.formula for f in found)
    return {f.name: (f.value, f.rows) for f in found}


@pytest.mark.capability(89)
def test_each_figure_is_counted_from_rows_by_its_formula(client) -> None:
    assert {value for value, _ in told().values()} == {None}
    case(helped=True, minutes=11, cents=3.0)
    case(helped=True, minutes=21, autonomous=True, handoff=True)
    case(helped=False, minutes=31, severity="sev3", cents=5.0)
    case(helped=None, minutes=41)
    case(helped=True, minutes=500, origin="practice", autonomous=True)
    board = open_board()
    for number, at in enumerate(
        (NIGHT, NIGHT + timedelta(hours=9), NIGHT + timedelta(days=4, hours=9))
    ):
        call = Attention.objects.create(
            kind="severity", dedup_key=f"k{number}", incident=board.incident, title="x", path="/",
            audience="responders", created_at=database_now(),
        )  # fmt: skip
        Attention.objects.filter(pk=call.pk).update(created_at=at)
    found = told()
    assert found["Fixed by an action with nobody deciding"] == (0.25, 4)
    assert found["Fixed by a planned action"] == (0.5, 4)
    assert found["Time an action takes to help"] == (60.0, 2)
    assert found["False actions"] == (pytest.approx(1 / 3), 3)
    assert found["Fixed without a handoff"] == (0.5, 2)
    assert found["From the symptom to a verdict"] == (pytest.approx(60.0), 4)
    assert found["From the verdict to mitigation"] == (
        pytest.approx(60 * (10 + 20 + 30 + 40) / 4),
        4,
    )
    seconds, rows = found["Time that users were hurt"]
    assert rows >= 3
    assert seconds >= 60 * (11 + 21 + 41)
    assert found["Language model, each incident that is over"] == (2.0, 2)
    assert told(practice=True)["Fixed by a planned action"] == (1.0, 1)
    client.force_login(person("vi", "viewer"))
    page = client.get("/figures/").content.decode()
    assert "of incidents that are over, those that an action was verified to fix" in page
    assert ">50%</td>" in page


def test_calls_after_hours_and_as_many_queries_for_many_as_for_one(
    client, django_assert_max_num_queries
) -> None:
    board = open_board()
    for number, late in enumerate((True, True, False)):
        call = Attention.objects.create(kind="severity", dedup_key=f"k{number}", title="x", path="/",
                                        incident=board.incident, audience="responders")  # fmt: skip
        at = database_now().replace(hour=3 if late else 12)
        while not late and at.weekday() >= 5:
            at -= timedelta(days=1)
        Attention.objects.filter(pk=call.pk).update(created_at=at - timedelta(days=7))
    assert told()["Calls after hours"] == (pytest.approx(2 / 3), 3)
    client.force_login(person("vi", "viewer"))
    counts = []
    for _ in range(3):
        client.get("/figures/")
        with django_assert_max_num_queries(30) as asked:
            client.get("/figures/")
        counts.append(len(asked))
        case(helped=True, minutes=3, cents=1.0)
    assert len(set(counts)) == 1
