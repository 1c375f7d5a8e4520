"""Two people at the same moment: one handoff is taken once, no text of a report is lost."""

import threading
import time
from functools import partial

import pytest
from django.db import connection, transaction

from investigations.domain import handoffs, reports
from investigations.domain.incidents import change_incident_state
from investigations.domain.journal import verify_chain, writing
from investigations.enums import IncidentState
from investigations.errors import BoardError
from investigations.models import Incident
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
ROUNDS = 5


def together(*deeds) -> list[object]:
    """Run the deeds at once, each on a connection of its own; return results or refusals."""
    found: list[object] = [None] * len(deeds)
    gate = threading.Barrier(len(deeds))

    def run(place: int, deed) -> None:
        try:
            gate.wait(10)
            found[place] = deed()
        except BoardError as error:
            found[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_a_handoff_is_taken_by_one(kill_switch_row) -> None:
    board, mira = open_board(), person("mira", "responder")
    people = [person(name, "responder") for name in ("jo", "ana")]
    for number in range(1, ROUNDS + 1):
        handoffs.offer_handoff(investigation_id=board.pk, user=mira)
        take = partial(handoffs.accept_handoff, investigation_id=board.pk, number=number)
        found = together(*(partial(take, user=user) for user in people))
        refused = [f for f in found if isinstance(f, BoardError)]
        taken = [f for f in found if not isinstance(f, BoardError)]
        assert (len(taken), len(refused)) == (1, 1)
        assert Incident.objects.get().lead == taken[0].accepted_by
    assert verify_chain(board.pk) is None


def test_two_who_save_a_section_both_keep_their_words(kill_switch_row) -> None:
    board = open_board()
    people = [person(name, "responder") for name in ("jo", "ana")]
    change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED, author="person/jo",
                          reason="r")  # fmt: skip
    for base in range(1, ROUNDS + 1):
        save = partial(reports.save_section, investigation_id=board.pk, section="repair",
                       base_version=base)  # fmt: skip
        found = together(
            *(partial(save, user=user, body=f"{user.username} {base}") for user in people)
        )
        conflicts = [f for f in found if isinstance(f, reports.EditConflict)]
        saved = [f for f in found if not isinstance(f, BoardError)]
        assert (len(saved), len(conflicts)) == (1, 1)
        assert conflicts[0].newest.pk == saved[0].pk
    versions = board.report_texts.filter(section="repair").order_by("version")
    assert [t.version for t in versions] == list(range(1, ROUNDS + 2))
    assert verify_chain(board.pk) is None


def test_whoever_waited_for_the_journal_sees_the_incident_as_it_is_now(kill_switch_row) -> None:
    board = open_board()
    is_held, seen = threading.Event(), []

    def look() -> str:
        is_held.wait(10)
        with writing(board.pk) as later:
            seen.append(later.investigation.incident.state)
        return "looked"

    def resolve() -> str:
        with transaction.atomic():
            change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED,
                                  author="person/mira", reason="a test")  # fmt: skip
            is_held.set()
            _until_somebody_waits()
        return "resolved"

    assert together(look, resolve) == ["looked", "resolved"]
    assert seen == [IncidentState.RESOLVED]


def _until_somebody_waits() -> None:
    """Return once another connection waits for a lock of this one."""
    asked = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(asked)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waited")
