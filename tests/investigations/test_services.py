"""Services: learned through the ports, drawn, read as a list, owned by people."""

import re
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.utils import timezone

from investigations.domain.error_budget import EVERY, keep_budgets
from investigations.domain.periodic import Outcome, run_when_due
from investigations.domain.services import JOB, describe_service, refresh_services, slug_of
from investigations.models import (
    Alert,
    AuditEntry,
    Diagnosis,
    Evidence,
    Hypothesis,
    Incident,
    PeriodicJob,
    Service,
    ServiceChange,
    ServiceDependency,
    ServiceReading,
)
from investigations.presenters.service_map import MAX_NODES, draw
from investigations.queries.service_incidents import PAST
from investigations.queries.services import is_unusual, landscape
from lab.inprocess import InProcessLabClient
from telemetry.adapters.lab import open_lab_sources
from telemetry.ask import guarded
from telemetry.backends import broken_sources, open_sources, override_sources
from tests.factories.board import open_board
from tests.factories.people import person
from tests.lab.practice import started

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def signed_in(client):
    def make(*roles: str):
        client.force_login(person("-".join(["mira", *roles]), *roles))
        return client

    return make


@pytest.fixture
def learned(monkeypatch):
    world = started("bad_release_latency")
    world.advance_to(world.at(world.step) + timedelta(minutes=5))
    monkeypatch.setattr("investigations.domain.services.database_now", lambda: world.at(world.step))
    with override_sources(open_lab_sources(InProcessLabClient(world))):
        outcome = refresh_services()
    assert outcome is not None
    assert outcome.error == ""
    # The lab's clock is not the wall's: what it told is of now.
    now = timezone.now()
    ServiceReading.objects.update(read_at=now)
    Service.objects.update(seen_at=now)
    ServiceDependency.objects.update(seen_at=now)
    return world


def make_services(*names: str, edges: tuple[tuple[str, str], ...] = ()) -> None:
    now = timezone.now()
    for name in names:
        key = f"service/{name}"
        Service.objects.create(key=key, slug=slug_of(key), kind="service", name=name, seen_at=now)
    for caller, callee in edges:
        ServiceDependency.objects.create(
            caller=f"service/{caller}", callee=f"service/{callee}", source="test", seen_at=now
        )


def test_the_ports_tell_services_readings_and_changes(learned, signed_in) -> None:
    client = signed_in("viewer")
    page = client.get("/services/").content.decode()
    assert "14 services" in page
    assert "The practice system" in page
    one = client.get("/services/payments/").content.decode()
    assert "Error" in one
    assert "bank-gateway" in one
    guilty = learned.truth.resource
    released = ServiceChange.objects.filter(service__key=guilty, kind="deploy").first()
    told = client.get(f"/services/{released.service.slug}/").content.decode()
    assert released.revision_after in told
    assert "unusual" in told
    unusual = [r for r in ServiceReading.objects.filter(service__key=guilty) if is_unusual(r)]
    assert {"latency_p99_seconds"} <= {r.semantic for r in unusual}


def test_a_second_look_changes_no_rows_and_waits_until_it_is_due(learned) -> None:
    counts = [m.objects.count() for m in (Service, ServiceReading, ServiceChange)]
    with override_sources(open_lab_sources(InProcessLabClient(learned))):
        assert refresh_services() is None
        assert refresh_services(is_forced=True) is not None
    assert [m.objects.count() for m in (Service, ServiceReading, ServiceChange)] == counts


def test_a_source_that_does_not_answer_is_told_with_the_age_of_what_is_shown(
    learned, signed_in
) -> None:
    with override_sources(broken_sources("prometheus", "no connection (refused)")):
        outcome = refresh_services(is_forced=True)
    assert outcome.error
    page = signed_in("viewer").get("/services/").content.decode()
    assert "no connection (refused)" in page
    assert "You see what was known" in page
    assert "payments" in page


def test_nothing_known_says_what_to_connect(signed_in) -> None:
    page = signed_in("viewer").get("/services/").content.decode()
    assert "No topology yet. It is learned from traces: connect OpenTelemetry." in page


def test_an_open_incident_and_its_place_show_on_the_map(signed_in) -> None:
    make_services("storefront", "payments", edges=(("storefront", "payments"),))
    incident = open_board().incident
    client = signed_in("viewer")
    page = client.get("/services/").content.decode()
    assert f"{incident.get_severity_display()} INC-{incident.pk}" in page
    assert "node-incident" in page
    assert f"/i/{incident.pk}/" in client.get("/services/payments/").content.decode()
    listed = client.get("/services/?view=list").content.decode()
    assert "<svg viewBox" not in listed
    assert "storefront" in listed


def test_callers_stand_left_of_what_they_call_even_in_a_circle() -> None:
    make_services(*"abcd", edges=(("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")))
    drawn = draw(landscape(timezone.now()))
    x = {n.service.name: n.x for n in drawn.nodes}
    assert x["a"] < x["b"] < x["c"] < x["d"]
    assert len(drawn.paths) == 4


def test_a_focus_shows_what_is_near_and_a_large_map_is_cut() -> None:
    names = [f"s{i:03}" for i in range(80)]
    make_services(*names, edges=tuple(pairwise(names)))
    land = landscape(timezone.now())
    whole = draw(land)
    assert (len(whole.nodes), whole.left_out) == (MAX_NODES, 20)
    middle = next(s for s in land.services if s.name == "s040")
    near = draw(land, focus=middle, hops=2)
    assert {n.service.name for n in near.nodes} == {f"s{i:03}" for i in range(38, 43)}


def test_only_responders_say_who_owns_it_and_it_is_audited(signed_in) -> None:
    make_services("payments")
    sent = {
        "owner": "Team Pay",
        "contact": "#pay",
        "tier": "critical",
        "description": "Takes money",
    }
    assert signed_in("viewer").post("/services/payments/about/", sent).status_code == 403
    client = signed_in("responder")
    assert client.post("/services/payments/about/", sent).status_code == 302
    assert "Team Pay" in client.get("/services/payments/").content.decode()
    assert AuditEntry.objects.get(verb="service.described").subject == "service/payments"
    refused = client.post("/services/payments/about/", {**sent, "tier": "x", "owner": "Other"})
    assert refused.status_code == 422
    assert "Other" in refused.content.decode()
    assert Service.objects.get(slug="payments").owner == "Team Pay"


def test_names_of_others_are_text(signed_in) -> None:
    evil = "<img src=x onerror=alert(1)>"
    make_services(evil)
    client = signed_in("viewer")
    for address in ("/services/", f"/services/{slug_of(f'service/{evil}')}/"):
        assert "<img src=x" not in client.get(address).content.decode()


def test_an_unknown_service_is_not_found(signed_in) -> None:
    assert signed_in("viewer").get("/services/nothing/").status_code == 404


def test_a_name_that_nobody_knows_is_asked_about_once(signed_in) -> None:
    client, given = signed_in("responder"), {"symptom": "slow", "minutes": "15"}
    make_services("payments", "checkout")
    asked = client.post("/incidents/new/", given | {"resource": "paymets"})
    page = asked.content.decode()
    assert asked.status_code == 422
    assert "No service of that name is known here: paymets. Did you mean payments?" in page
    assert 'value="paymets"' in page
    other = {"resource": "checkot", "anyway": "service/paymets"}
    assert client.post("/incidents/new/", given | other).status_code == 422, "it was another name"
    sure = {"resource": "paymets", "anyway": "service/paymets"}
    assert client.post("/incidents/new/", given | sure).status_code == 302
    assert client.post("/incidents/new/", given | {"resource": "checkout"}).status_code == 302


@pytest.mark.parametrize("address", ["/services/", "/services/s0/"])
def test_as_many_queries_for_three_as_for_one(
    signed_in, address, django_assert_max_num_queries
) -> None:
    client = signed_in("viewer")
    make_services("s0")
    open_board()
    with django_assert_max_num_queries(99) as one:
        client.get(address)
    make_services("s1", "s2", edges=(("s0", "s1"), ("s1", "s2")))
    for _ in range(2):
        open_board()
    with django_assert_max_num_queries(99) as three:
        client.get(address)
    assert len(one) == len(three)


def test_addresses_are_readable_and_differ() -> None:
    keys = ["service/payments", "service/shop/payments", "database/payments", "service/Payments",
            "service/a.b", "service/a-b", "service/支払い", "service/x-abc123"]  # fmt: skip
    slugs = [slug_of(key) for key in keys]
    assert slugs[0] == "payments"
    assert len(set(slugs)) == len(keys)
    assert all(re.fullmatch(r"[a-z0-9-]+", slug) for slug in slugs)


def test_a_repeated_job_runs_once_at_a_time_and_a_dead_workers_turn_runs_out() -> None:
    def inside(claim) -> Outcome:
        again = run_when_due(JOB, every_seconds=9, lease_seconds=9, work=inside, is_forced=True)
        assert again is None
        return Outcome("one")

    options = {"every_seconds": 60.0, "lease_seconds": 60.0}
    assert run_when_due(JOB, work=inside, **options) == Outcome("one")
    assert run_when_due(JOB, work=inside, **options) is None
    PeriodicJob.objects.update(
        due_at=timezone.now() - timedelta(seconds=1), lease_until=timezone.now() - timedelta(1)
    )
    failed = run_when_due(JOB, work=lambda _: Outcome(error="password=hunter22222"), **options)
    assert failed is not None
    row = PeriodicJob.objects.get(name=JOB)
    assert (row.sentence, row.lease_until) == ("one", None)
    assert "hunter" not in row.error


def test_an_objective_is_a_share_of_requests_and_what_is_none_is_refused_and_kept(
    signed_in,
) -> None:
    make_services("payments")
    client = signed_in("responder")
    sent = {"owner": "Team Pay", "contact": "", "tier": "", "description": ""}
    assert (
        client.post("/services/payments/about/", sent | {"objective": "99,95 %"}).status_code == 302
    )
    assert Service.objects.get(name="payments").objective == Decimal("99.95")
    for wrong in ("often", "100", "0.999", "-3", "NaN", "Infinity", "1e400", "9" * 40,
                  "\uff19\uff19.\uff19", "9_9.5"):  # fmt: skip
        answer = client.post("/services/payments/about/", sent | {"objective": wrong})
        assert answer.status_code == 422, wrong
        page = answer.content.decode()
        assert "from 50 to 99.999" in page
        assert f'value="{wrong}"' in page
    finer = client.post("/services/payments/about/", sent | {"objective": "99.99999999999"})
    assert "at most three digits behind the point" in finer.content.decode()
    assert Service.objects.get(name="payments").objective == Decimal("99.95")
    told = AuditEntry.objects.filter(verb="service.described").latest("pk")
    assert told.detail["changed"]["objective"] == ["", "99.95 %"]
    client.post("/services/payments/about/", sent | {"objective": ""})
    assert Service.objects.get(name="payments").objective is None


def test_what_is_left_of_the_error_budget_stands_on_the_page(monkeypatch, signed_in) -> None:
    make_services("cart", "idle")
    client = signed_in("viewer")

    def told() -> str:
        page = client.get("/services/cart/").content.decode()
        found = re.search(r'<p class="budget">(.*?)</p>', page)
        return " ".join(re.sub(r"<[^>]+>", "", found[1]).split()) if found else ""

    assert told() == "", "without an objective there is none"
    row = Service.objects.get(slug="cart")
    said = {"owner": "", "contact": "", "tier": row.tier, "description": ""}
    describe_service(service=row, actor="person/mira", objective="99.9", **said)
    assert told().startswith("Error budget: not read yet")
    world = started("bad_release_errors")
    world.advance_to(world.at(world.step) + timedelta(minutes=5))
    now = world.at(world.step)
    with override_sources(open_lab_sources(InProcessLabClient(world))):
        sources = guarded(open_sources({"kind": "lab"}), deadline_seconds=5.0)
        keep_budgets(sources, now=now)
        row.refresh_from_db()
        assert row.budget_left is not None
        assert row.budget_left < 1
        assert (row.budget_hours > 0, row.budget_read_at) == (True, now)
        assert Service.objects.get(slug="idle").budget_read_at is None
        Service.objects.update(budget_left=-0.5)
        keep_budgets(sources, now=now + EVERY / 2)
        assert Service.objects.get(slug="cart").budget_left == -0.5, "not again so soon"
    assert told().startswith("Error budget: spent, and 50% more (99.9% of requests over 30 days;")
    Service.objects.update(budget_left=0.42, budget_hours=1)
    assert "42% left (99.9% of requests over 30 days; 1 hour known, read " in told()
    with override_sources(broken_sources("metrics", "down")):
        keep_budgets(guarded(open_sources({}), deadline_seconds=5.0), now=now + 2 * EVERY)
    assert told().startswith("Error budget: not known, its source does not tell its errors")
    describe_service(service=row, actor="person/mira", objective="99", **said)
    assert told().startswith("Error budget: not read yet"), "the old one's share says nothing"


def _in_which_cart_is(part: str, *, is_over: bool = False) -> int:
    """Return a new incident, reported on payments, in which service/cart is something else."""
    board = open_board(f"{part} of it")
    incident, cart = board.incident, "service/cart"
    window = {"window_start": board.window_start, "window_end": board.window_end}
    if part == "alerting":
        Alert.objects.create(incident=incident, source="t", fingerprint=f"f{board.pk}", name="slow",
                             resource=cart, starts_at=board.window_start)  # fmt: skip
    if part in {"slow", "called"}:
        Evidence.objects.create(
            investigation=board, number=1, step_key="s", author="agent/network", kind="metric",
            claim="p99 rose", resource=cart, peer="payments" * (part == "called"), magnitude=3.0,
            feature="latency_rise", query="q", **window,
        )  # fmt: skip
    for number, place in enumerate(
        {"blamed": [cart], "cleared": [cart, "service/db"]}.get(part, ()), 1
    ):
        row = Hypothesis.objects.create(investigation=board, number=number, claim=f"{place} broke",
                                        resource=place, fault_class=f"fault_{number}", state="open")  # fmt: skip
        Diagnosis.objects.create(investigation=board, number=number, step_key=f"d{number}",
                                 verdict="inconclusive", summary="s", hypothesis=row)  # fmt: skip
    if is_over:
        Incident.objects.filter(pk=incident.pk).update(state="resolved")
    return incident.pk


def test_a_service_lists_what_it_was_in_each_incident(
    signed_in, django_assert_max_num_queries
) -> None:
    """Blamed, though the verdict is open; hurt by its own alert or evidence; not by a peer's edge."""
    make_services("cart", "payments")
    told = {_in_which_cart_is("blamed"): "Leads as cause", _in_which_cart_is("slow"): "Affected",
            _in_which_cart_is("blamed", is_over=True): "Led as cause",
            _in_which_cart_is("alerting", is_over=True): "Was affected",
            _in_which_cart_is("cleared"): "Once led as cause"}  # fmt: skip
    for part in ("called", "nothing"):
        _in_which_cart_is(part)
    client = signed_in("viewer")
    client.get("/services/cart/")
    with django_assert_max_num_queries(99) as few:
        page = client.get("/services/cart/").content.decode()
    listed = re.findall(r"INC-(\d+) <bdi>[^/]*/bdi>.*?<strong>(.*?)</strong> · reported on", page)
    assert [(int(number), words) for number, words in listed] == sorted(told.items(), reverse=True)
    assert (
        client.get("/services/payments/").content.decode().count("<strong>Reported</strong>") == 7
    )
    for part in ("blamed", "slow", "alerting") * 8:
        newest = _in_which_cart_is(part)
    with django_assert_max_num_queries(99) as many:
        page = client.get("/services/cart/").content.decode()
    assert len(few) == len(many)
    assert page.count(" · reported on") == PAST
    assert f"INC-{newest} " in page
    assert f"the newest {PAST}." in page
