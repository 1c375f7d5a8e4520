"""Past incidents: found by words, likeness and facets; two compared; constant queries."""

import re
from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pgvector.django import CosineDistance

from investigations.domain.incidents import change_incident_state
from investigations.domain.memory import remember
from investigations.enums import IncidentState
from investigations.models import Alert, Diagnosis, Evidence, Hypothesis, Incident, IncidentMemory
from investigations.presenters.words import alike
from investigations.queries.history import HistoryFilter, search, vector_of
from sre_workspace.bench.history import seed
from tests.factories.board import open_board
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def viewer(client):
    client.force_login(person("vera", "viewer"))
    return client


def diagnosed(title: str, fault_class: str) -> Incident:
    board = open_board(title)
    Diagnosis.objects.create(
        investigation=board, number=1, step_key="x", verdict="likely_cause", confidence=0.8,
        fault_class=fault_class, resource="service/payments", summary=title,
        claim={"fault_class": fault_class},
    )  # fmt: skip
    remember(board.incident_id)
    return board.incident


def listed(client, query: str) -> list[int]:
    page = client.get(f"/history/?{query}")
    assert page.status_code == 200
    return [row.incident.pk for row in page.context["rows"]]


@pytest.mark.capability(42)
def test_words_likeness_and_facets(viewer) -> None:
    storm = diagnosed("payments repeats its calls without a pause", "retry_storm")
    again = diagnosed("checkout repeats its calls without a pause", "retry_storm")
    disk = diagnosed("the disk of ledger is full and writes fail", "disk_full")
    assert listed(viewer, "q=disk+full")[0] == disk.pk
    assert listed(viewer, "cause=retry_storm") == [again.pk, storm.pk]
    assert listed(viewer, "q=calls&cause=disk_full") in ([], [disk.pk])
    assert listed(viewer, f"like={storm.pk}")[0] == again.pk
    assert storm.pk not in listed(viewer, f"like={storm.pk}")
    assert listed(viewer, "verdict=likely_cause&service=pay&since=2001-01-01") != []
    assert (
        "No match. Try the service name" in viewer.get("/history/?service=nowhere").content.decode()
    )
    page = viewer.get(
        f"/history/?cause=retry_storm&service=payments&until={datetime.now(UTC).date()}"
    ).content
    assert f'href="/i/{storm.pk}/"'.encode() in page
    room = viewer.get(f"/i/{storm.pk}/").content.decode()
    assert f"/i/{storm.pk}/timeline/" in room
    assert viewer.get(f"/i/{storm.pk}/timeline/").status_code == 200
    assert viewer.get("/history/?cause=nonsense").status_code == 422
    assert viewer.get("/history/?like=99999").status_code == 404


def test_that_no_action_helped_is_said_only_of_what_is_over(viewer) -> None:
    board = diagnosed("the disk of ledger is full", "disk_full").investigations.get()
    page = viewer.get("/history/").content.decode()
    assert "Not over yet." in page
    assert "No action helped." not in page
    change_incident_state(investigation_id=board.pk, to=IncidentState.RESOLVED,
                          author="person/mira", reason="")  # fmt: skip
    page = viewer.get("/history/").content.decode()
    assert "No action helped." in page
    assert "Not over yet." not in page


def test_what_people_took_it_for_is_found(viewer) -> None:
    incident = diagnosed("payments is slow", "slow_query")
    board = incident.investigations.get()
    for number, (claim, author) in enumerate(
        (("a deadlock in the ledger", "person/mira"), ("zebras eat it", "agent/network")), 1
    ):
        Hypothesis.objects.create(investigation=board, number=number, claim=claim, author=author,
                                  state="ruled_out")  # fmt: skip
    remember(incident.pk)
    assert listed(viewer, "q=deadlock") == [incident.pk]
    assert incident.memory.text.count("deadlock") == 0, "its likeness is of what was found"
    words = IncidentMemory.objects.filter(words=SearchQuery("zebras", config="english"))
    assert not words.exists(), "what agents ruled out would make every incident match"


def test_likeness_says_what_is_shared(viewer) -> None:
    storm = diagnosed("payments repeats its calls without a pause", "retry_storm")
    again = diagnosed("payments repeats its calls with no pause", "retry_storm")
    other = diagnosed("payments repeats its calls without a break", "code_defect")
    rows = {
        row.incident.pk: row for row in viewer.get(f"/history/?like={storm.pk}").context["rows"]
    }
    assert rows[again.pk].shared == ("same service", "same cause", "caused at the same place")
    assert other.pk not in rows, "only the words are alike"
    page = viewer.get(f"/history/?like={storm.pk}").content.decode()
    assert "Much alike: same service, same cause, caused at the same place<" in page
    assert not re.search(r"\(\d+%\)", page)
    lonely = viewer.get(f"/history/?like={other.pk}").content.decode()
    assert "No past incident is like it" in lonely


def _with_names(title: str, *, change_id: str) -> Incident:
    """Return an incident with two changes near it; none or one is blamed."""
    board = open_board(title)
    Diagnosis.objects.create(
        investigation=board, number=1, step_key="x", verdict="likely_cause", confidence=0.8,
        fault_class="pool_exhausted", resource="service/payments", summary=title,
        change_id=change_id, happening=f"{title} Also affected: storefront.",
        causal_chain=[{"resource": "service/basket", "label": "", "onset_at": None}],
    )  # fmt: skip
    told = (("pool", "Setting change by robin"), ("banner", "Setting change by sasha"))
    for number, (key, claim) in enumerate(told, start=1):
        Evidence.objects.create(
            investigation=board, number=number, step_key=key, kind="change", claim=claim,
            author="agent/deployment", query="changes", window_start=board.window_start,
            window_end=board.window_end, sample={"finding": {"change_id": key}},
        )  # fmt: skip
    Alert.objects.create(
        incident=board.incident, source="test", fingerprint=f"f{board.pk}", name="slow",
        resource="service/checkout", starts_at=board.window_start,
    )  # fmt: skip
    return board.incident


def test_number_names_of_services_and_who_made_the_change(viewer) -> None:
    pool, vague = (
        _with_names("waits for a connection", change_id="pool"),
        _with_names("is slow", change_id=""),
    )
    Incident.objects.filter(pk=vague.pk).update(severity="sev1")
    for incident in (pool, vague):
        remember(incident.pk)
    for text in ("INC-{}", "inc {}", "%23{}", "{}", " {} "):
        assert listed(viewer, f"q={text.format(pool.pk)}")[0] == pool.pk, text
    assert listed(viewer, f"q=INC-{pool.pk}") == [pool.pk]
    assert listed(viewer, f"q=INC-{pool.pk}&severity=sev1") != [pool.pk], "facets hold"
    for word in ("checkout", "storefront", "basket", "robin"):
        assert set(listed(viewer, f"q={word}")) == {pool.pk, vague.pk}, word
    assert listed(viewer, "q=sasha") == [vague.pk], "near the other one only by chance"
    assert listed(viewer, "q=INC-999999999") == []
    assert len(listed(viewer, "q=INC-99999999999999999999")) < 3


def test_what_is_remembered_already_gets_the_names_too(viewer) -> None:
    pool, vague = (_with_names("waits", change_id="pool"), _with_names("slow", change_id=""))
    for incident in (pool, vague):
        remember(incident.pk)
    IncidentMemory.objects.update(words=SearchVector("text", config="english"))
    assert listed(viewer, "q=robin") == []
    with connection.cursor() as cursor:
        cursor.execute(import_module("investigations.migrations.0025_memory_names").ADD)
    for word in ("checkout", "storefront", "basket", "robin"):
        assert set(listed(viewer, f"q={word}")) == {pool.pk, vague.pk}, word
    assert listed(viewer, "q=sasha") == [vague.pk]


def test_a_number_costs_no_query_more_for_more_rows(viewer) -> None:
    counts = []
    for title in ("one", "two", "three"):
        incident = diagnosed(title, "retry_storm")
        with CaptureQueriesContext(connection) as queries:
            assert listed(viewer, f"q={incident.pk}")[0] == incident.pk
        counts.append(len(queries))
    assert counts[1] == counts[2]


@pytest.mark.parametrize(
    ("similarity", "words"),
    [(1.0, "much alike"), (0.75, "alike"), (0.5, "somewhat alike"), (0.39, "unlike")],
)
def test_likeness_in_words(similarity: float, words: str) -> None:
    assert alike(similarity) == words


def test_words_that_no_incident_holds_together_find_those_that_hold_some(viewer) -> None:
    storm = diagnosed("payments repeats its calls without a pause", "retry_storm")
    diagnosed("the disk of ledger is full", "disk_full")
    assert listed(viewer, "q=zebra+repeats+giraffe") == [storm.pk]
    words = HistoryFilter(text="zebra -repeats")
    assert search(words) == []
    assert search(HistoryFilter(text='"zebra repeats"')) == []


def test_days_are_read_in_one_form_whatever_the_browsers_language(viewer) -> None:
    refused = viewer.get("/history/?since=03/01/2026&q=disk")
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Year, month and day, as 2026-03-01." in page
    assert 'value="03/01/2026"' in page
    assert 'value="disk"' in page
    assert "Nothing is searched until what is marked above is corrected" in page
    assert 'name="pick"' not in page
    assert viewer.get("/history/?since=2026-03-01&until=2026-03-02").status_code == 200
    for path in ("/history/?since=x", "/audit/?since=x&incident=y", "/incidents/?state=x"):
        page = viewer.get(path).content.decode()
        named = re.findall(r'aria-describedby="(id_\w+)"', page)
        assert named, path
        assert all(page.count(f'id="{name}"') == 1 for name in named), "what is wrong is read out"


def test_two_side_by_side(viewer, django_assert_max_num_queries) -> None:
    a, b = diagnosed("payments <b>slow</b>", "retry_storm"), diagnosed("search slow", "disk_full")
    moved = viewer.get(f"/history/compare/?pick={a.pk}&pick={b.pk}")
    assert moved.headers["Location"] == f"/history/compare/?a={a.pk}&b={b.pk}"
    with django_assert_max_num_queries(20):
        page = viewer.get(moved.headers["Location"]).content.decode()
    assert "They were judged different: retry storm and disk full." in page
    assert "<b>slow</b>" not in page
    assert "Which signs they share is not known yet." in page
    for incident, feature in ((a, "retry_amplification"), (b, "disk_near_full")):
        board = incident.investigations.get()
        for number, (name, presence) in enumerate(
            [("error_rise", "present"), (feature, "present"), ("query_latency_rise", "absent")], 1
        ):
            Evidence.objects.create(
                investigation=board, number=number, step_key=name, author="agent/network",
                kind="metric", claim=name, resource="service/payments", feature=name, query="q",
                window_start=board.window_start, window_end=board.window_end,
                sample={"finding": {"presence": presence}},
            )  # fmt: skip
        remember(incident.pk)
    page = viewer.get(moved.headers["Location"]).content.decode()
    assert "1 of 3 signs" in page
    assert "<td>retries multiply the load</td><td>a disk is almost full</td>" in page
    assert '<td colspan="2">errors rise</td>' in page
    assert "queries take longer" not in page, "what was looked for and is not there was not seen"
    for query in ("", f"pick={a.pk}", f"a={a.pk}&b={a.pk}", "a=x&b=1"):
        assert viewer.get(f"/history/compare/?{query}").status_code == 422
    assert viewer.get(f"/history/compare/?a={a.pk}&b=99999").status_code == 404


def test_a_seeded_past_is_the_same_each_time_and_is_found(viewer) -> None:
    assert seed(40, with_vectors=False) == 40
    titles = list(Incident.objects.order_by("pk").values_list("title", flat=True))
    memories = IncidentMemory.objects.exclude(fault_class="")
    assert memories.count() == 40
    found = search(HistoryFilter(text=titles[-1]))
    assert found[0].incident.title == titles[-1]
    assert found[0].diagnosis is not None
    fixed = memories.exclude(action="").select_related("incident").first()
    assert fixed.incident.pk in listed(viewer, f"action={fixed.action}")
    Incident.objects.filter(semantic="seeded").update(semantic="before")
    seed(40, with_vectors=False)
    again = Incident.objects.filter(semantic="seeded").order_by("pk")
    assert list(again.values_list("title", flat=True)) == titles


LIKE_VECTORS = """
WITH centres AS (
    SELECT g, array_agg(random() - 0.5)::vector AS v
    FROM generate_series(0, 49) g, generate_series(1, 384) GROUP BY g)
UPDATE investigations_incidentmemory m SET embedding = c.v + (
    SELECT array_agg((random() - 0.5) * 0.3)::vector FROM generate_series(1, 384 + 0 * m.id))
FROM centres c WHERE c.g = m.id % 50
"""


def _give_vectors() -> None:
    """Give every memory a vector, in fifty groups of like ones."""
    (index,) = [i for i in IncidentMemory._meta.indexes if i.name == "memory_embedding_hnsw"]
    with connection.schema_editor() as editor:
        editor.remove_index(IncidentMemory, index)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(LIKE_VECTORS)
    with connection.schema_editor() as editor:  # At once is much faster than row by row.
        editor.add_index(IncidentMemory, index)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE investigations_incidentmemory")


def _exact(vector: list[float], count: int) -> list[int]:
    """Return the nearest incidents by comparing with every row."""
    rows = IncidentMemory.objects.annotate(distance=CosineDistance("embedding", vector))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off")
        found = list(rows.order_by("distance").values_list("incident_id", flat=True)[:count])
        cursor.execute("SET LOCAL enable_indexscan = on")
    return found


# Committed: an index is not used in the transaction that changed its rows before it made it.
@pytest.mark.django_db(transaction=True)
@pytest.mark.capability(26)
def test_likeness_is_found_by_the_index_and_hardly_anything_is_missed() -> None:
    seed(2000, with_vectors=False)
    _give_vectors()
    with transaction.atomic():
        shares, sql = _compared()
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
    assert sum(shares) / len(shares) >= 0.95, shares
    assert "Index Scan using memory_embedding_hnsw" in plan


def _compared() -> tuple[list[float], str]:
    """Return which share of the ten nearest each search finds, and the statement of the last one."""
    with connection.cursor() as cursor:  # So small a table would rather be read whole.
        cursor.execute("SET LOCAL enable_seqscan = off")
    shares = []
    for pk in Incident.objects.order_by("pk").values_list("pk", flat=True)[::200]:
        vector = vector_of(pk)
        with CaptureQueriesContext(connection) as queries:
            found = [row.incident.pk for row in search(HistoryFilter(), vector=vector)]
        shares.append(len(set(found[:10]) & set(_exact(vector, 10))) / 10)
    (sql,) = [q["sql"] for q in queries if "<=>" in q["sql"]]
    return shares, sql
