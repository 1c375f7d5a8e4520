"""The palette's search: what a person may see, a few of each, at a fixed price."""

import json

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from investigations.domain.board import post_note
from investigations.domain.hypotheses import propose_hypothesis
from investigations.models import (
    Hypothesis,
    IncidentMemory,
    KnowledgeDocument,
    Service,
    ServiceDependency,
)
from investigations.queries.finding import EACH, LONGEST, find
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def _note(board, text: str, number: int) -> None:
    post_note(investigation_id=board.pk, text=text, author="person/mira", step_key=f"n{number}")


def test_numbers_and_words_lead_to_their_pages() -> None:
    board = open_board("checkout <b>fails</b>")
    mira = person("mira", "viewer")
    _note(board, "the pool of checkout is full", 1)
    propose_hypothesis(investigation_id=board.pk, claim="checkout pool too small", author="agent/x")
    pk = board.incident_id
    assert [f.href for f in find(mira, f"inc-{pk}")] == [f"/i/{pk}/"]
    assert [f.href for f in find(mira, "e1", incident_id=pk)] == [f"/i/{pk}/e/1/"]
    assert [f.href for f in find(mira, "H 1", incident_id=pk)] == [f"/i/{pk}/h/1/"]
    assert [f.kind for f in find(mira, "checkout", incident_id=pk)][:2] == [
        "Hypothesis",
        "Evidence",
    ]
    assert [(f.text, f.kind) for f in find(mira, "checkout")] == [
        (f"INC-{pk} checkout <b>fails</b>", "SEV3 incident"),
        ("H1 checkout pool too small", f"Hypothesis of INC-{pk}, proposed"),
        ("E1 the pool of checkout is full", f"Evidence of INC-{pk}"),
    ]
    assert find(mira, "e1", incident_id=pk + 99) == []


def test_nobody_without_a_role_finds_anything() -> None:
    board = open_board()
    for user in (AnonymousUser(), person("sam")):
        assert find(user, "payments", incident_id=board.incident_id) == []
    client = Client()
    client.force_login(person("sim"))
    assert client.get("/palette/?q=payments").status_code == 403


@pytest.mark.parametrize(
    "text", ["", "   ", "'", "e99999999999999", "²", "\x00", "%", "a" * 5000, "inc-"]
)
def test_odd_words_are_harmless(text: str) -> None:
    client = Client()
    client.force_login(person("mira", "viewer"))
    answer = client.get("/palette/", {"q": text, "i": "x"})
    assert answer.status_code == 200
    assert isinstance(json.loads(answer.content)["found"], list)


def test_the_price_and_the_length_do_not_grow(django_assert_max_num_queries) -> None:
    mira = person("mira", "viewer")
    boards = [open_board(f"payments is slow {n}") for n in range(EACH + 3)]
    for number in range(EACH + 3):
        _note(boards[0], f"payments again {number}", number)
        propose_hypothesis(
            investigation_id=boards[1].pk, claim=f"payments {number}", author="agent/x"
        )
    with django_assert_max_num_queries(11):
        found = find(mira, "payments", incident_id=boards[0].incident_id)
    assert len(found) == 3 * EACH


def test_a_service_is_found_by_name_and_owner_and_leads_to_its_page(client) -> None:
    seen = "2026-03-01T12:00:00Z"
    Service.objects.create(key="service/ledger", slug="ledger", kind="service", name="ledger",
                           owner="Team Money", seen_at=seen)  # fmt: skip
    for callee in ("service/ledger", "service/ledger-old"):
        ServiceDependency.objects.create(
            caller="service/shop", callee=callee, source="traces", seen_at=seen
        )
    mira = person("mira", "viewer")
    client.force_login(mira)
    assert [(r.text, r.kind, r.href) for r in find(mira, "ledger")] == [
        ("ledger", "Service of Team Money", "/services/ledger/"),
        ("ledger-old", "Service: past incidents", "/history/?service=ledger-old"),
    ]
    assert client.get(find(mira, "money")[0].href).status_code == 200


def test_a_cause_is_found_in_incidents_knowledge_and_what_was_suspected() -> None:
    board, mira = open_board("storefront fails"), person("mira", "viewer")
    IncidentMemory.objects.create(incident=board.incident, text="x", fault_class="retry_storm")
    Hypothesis.objects.create(investigation=board, number=1, claim="storefront repeats its calls",
                              fault_class="retry_storm", author="agent/x")  # fmt: skip
    document = KnowledgeDocument.objects.create(kind="runbook", title="Retry storms", source="a.md",
                                                text="x", digest="d", author="person/mira")  # fmt: skip
    old = KnowledgeDocument.objects.create(kind="runbook", title="Retry, old", source="b.md",
                                           text="x", digest="e", author="person/mira",
                                           retired_at="2026-03-01T12:00:00Z")  # fmt: skip
    pk = board.incident_id
    assert {f.href for f in find(mira, "retr")} == {
        f"/i/{pk}/", f"/i/{pk}/h/1/", f"/knowledge/{document.pk}/",
    }  # fmt: skip
    first = find(mira, "retry storm")[0]
    assert (first.href, first.kind) == (f"/i/{pk}/", "SEV3 incident, retry storm")
    assert f"/knowledge/{old.pk}/" not in [f.href for f in find(mira, "retry")]
    assert [f.href for f in find(mira, "rules")] == ["/autonomy/rules/"]


def test_a_long_claim_ends_with_a_mark_that_it_goes_on() -> None:
    board, mira = open_board(), person("mira", "viewer")
    _note(board, "the pool is full " * 20, 1)
    found = find(mira, "pool", incident_id=board.incident_id)[0]
    assert (len(found.text), found.text[-1]) == (LONGEST, "…")
