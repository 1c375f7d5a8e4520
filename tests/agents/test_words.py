"""People's words: which fault of which resource they name, or that they name none."""

import pytest

from agents.faults.registry import FAULTS
from agents.faults.vocabulary import CALM, match_text
from telemetry.types import ResourceKind, ResourceRef, TopologyEdge, TopologyGraph, service

DATABASE = ResourceRef(ResourceKind.DATABASE, "orders-db")
OTHERS = {
    "orders-db": DATABASE,
    "node-1": ResourceRef(ResourceKind.NODE, "node-1"),
    "card-provider": ResourceRef(ResourceKind.EXTERNAL, "card-provider"),
}
NAMES = "gateway storefront checkout orders payments recommendations catalog".split()  # noqa: SIM905
KNOWN = (*map(service, NAMES), *OTHERS.values())
GRAPH = TopologyGraph(
    KNOWN,
    tuple(
        TopologyEdge(service(a), OTHERS.get(b) or service(b))
        for a, b in (
            ("gateway", "storefront"), ("storefront", "recommendations"), ("checkout", "orders"),
            ("orders", "orders-db"), ("checkout", "payments"),
        )
    ),
)  # fmt: skip
# Words, the fault class and the resource that they name; without a class they name no fault.
READ = [
    ("The orders database is slow: slow queries hold the connections", "slow_query", "orders-db"),
    ("Slow queries in orders-db", "slow_query", "orders-db"),
    ("slow queries", "slow_query", "orders-db"),
    ("The database is slow", "slow_query", "orders-db"),
    ("queries take longer on orders-db", "slow_query", "orders-db"),
    (
        "checkout times out because of slow queries in the orders database",
        "slow_query",
        "orders-db",
    ),
    ("pool exhausted in orders because queries on orders-db are slow", "slow_query", "orders-db"),
    ("Not the pool but slow queries", "slow_query", "orders-db"),
    ("Not only slow queries", "slow_query", "orders-db"),
    ("A memory leak in storefront, not in recommendations", "memory_leak", "storefront"),
    ("It is storefront, not recommendations, that leaks memory", "memory_leak", "storefront"),
    ("storefront leaks memory", "memory_leak", "storefront"),
    ("memory leak in recomendations", "memory_leak", "recommendations"),
    ("the memory leak causes a crash loop in recommendations", "memory_leak", "recommendations"),
    ("The memory limit of recommendations is too low", "oom_kill", "recommendations"),
    ("recommendations does not have enough memory", "oom_kill", "recommendations"),
    ("recommendations runs out of memory", "oom_kill", "recommendations"),
    ("recommendations is OOMKilled", "oom_kill", "recommendations"),
    ("A DNS failure between checkout and orders", "dns", "checkout"),
    ("orders cannot resolve payments", "dns", "orders"),
    ("A deadlock in the database of orders", "lock_contention", "orders-db"),
    ("row locks in orders-db hold up orders", "lock_contention", "orders-db"),
    ("no space left on the disk of orders-db", "disk_exhaustion", "orders-db"),
    ("I'm not sure, but the disk of orders-db is full", "disk_exhaustion", "orders-db"),
    ("The connection pool of orders is too small", "pool_exhaustion", "orders"),
    ("connections are never released in orders", "pool_exhaustion", "orders"),
    ("orders is out of database connections", "pool_exhaustion", "orders"),
    ("orders runs out of database connections", "pool_exhaustion", "orders"),
    ("payments has no database connections left", "pool_exhaustion", "payments"),
    ("out of database connections", "pool_exhaustion", "orders"),
    ("no free database connection in orders", "pool_exhaustion", "orders"),
    ("the database of orders is out of connections", "database_connections", "orders-db"),
    ("orders-db has no connection left", "database_connections", "orders-db"),
    ("too many connections at orders-db", "database_connections", "orders-db"),
    ("CPU of checkout is throttled", "cpu_throttling", "checkout"),
    ("checkout’s cpu limit is too low", "cpu_throttling", "checkout"),  # noqa: RUF001
    ("the certificate of payments has expired", "certificate_expiry", "payments"),
    ("checkout retries too much to orders", "retry_storm", "checkout"),
    ("Traffic surge at gateway without a release", "traffic_surge", "gateway"),
    ("not the network, it's the last deploy of checkout", "bad_release", "checkout"),
    ("It's a bug in checkout rather than a bad release", "code_defect", "checkout"),
    ("packet loss to payments", "packet_loss", "payments"),
    ("packet loss from checkout to payments", "packet_loss", "payments"),
    ("orders can't reach payments", "partition", "payments"),
    ("the pods of checkout are not ready", "probe_failure", "checkout"),
    ("cache misses in catalog", "cache_stampede", "catalog"),
    ("node-1 is down", "node_failure", "node-1"),
    ("card-provider is down", "external_dependency", "card-provider"),
    ("storefront is the problem, not recommendations", "", "storefront"),
    ("payments is not responding", "", "payments"),
    (
        "TLS cert on payments expired, so checkout cannot connect to it",
        "certificate_expiry",
        "payments",
    ),
    ("it's aliens", "", ""),
    ("a solar flare flipped bits in the kernel of the node", "", ""),
    (
        "A flood of requests overloads checkout, it has too few replicas",
        "traffic_surge",
        "checkout",
    ),
    ("orders cannot keep up", "traffic_surge", "orders"),
    ("a blip of DNS at orders", "dns", "orders"),
    ("the replica of orders-db is behind", "replication_lag", "orders-db"),
    ("payments-db is blocked by a long lock", "", ""),
    ("checkout-db has slow queries", "", ""),
    ("memory leak in checkout-v2", "", ""),
]
# What only says what it is not: the class and the resource that are denied.
DENIED = [
    ("It is not a memory leak", "memory_leak", ""),
    ("I do not think it is a memory leak", "memory_leak", ""),
    ("The slowness is not a memory leak", "memory_leak", ""),
    ("It isn't DNS", "dns", ""),
    ("It does not look like DNS", "dns", ""),
    ("no packet loss to payments", "packet_loss", "payments"),
    ("neither the pool nor the database", "pool_exhaustion", "orders-db"),
    ("It cannot be the database", "", "orders-db"),
    ("It is not recommendations", "", "recommendations"),
    ("The leak is not in recommendations", "", "recommendations"),
]


@pytest.mark.parametrize(("words", "fault_class", "name"), READ)
def test_words_name_a_fault_and_a_resource(words: str, fault_class: str, name: str) -> None:
    found = match_text(words, KNOWN, service("orders"), GRAPH)
    assert (found.fault_class, found.resource.name if found.resource else "") == (fault_class, name)
    assert not found.is_denial


@pytest.mark.parametrize(("words", "fault_class", "name"), DENIED)
def test_who_only_denies_proposes_nothing(words: str, fault_class: str, name: str) -> None:
    found = match_text(words, KNOWN, service("orders"), GRAPH)
    denied = found.denied_at.name if found.denied_at else ""
    assert (found.is_denial, found.fault_class, found.resource) == (True, "", None)
    assert (found.denied, denied) == (fault_class, name)


def test_where_words_leave_a_choice_it_is_told_how_to_say_the_other() -> None:
    found = match_text(
        "memory leak in storefront or recommendations", KNOWN, service("orders"), GRAPH
    )
    assert found.remark == "For recommendations, post “Memory leak at recommendations”."
    found = match_text("packet loss or a slow network to payments", KNOWN, service("orders"), GRAPH)
    assert "to say that, post “Packet loss at …”" in found.remark
    found = match_text("memory leak in recomendations", KNOWN, service("orders"), GRAPH)
    assert found.remark == "“recomendations” is taken for recommendations."
    assert (
        "No resource was named" in match_text("memory leak", KNOWN, service("orders"), GRAPH).remark
    )


def test_what_was_read_by_one_word_among_many_says_so() -> None:
    text = "somebody moved the load test of last week in front of the stairs of payments"
    found = match_text(text, KNOWN, service("orders"), GRAPH)
    assert "read by “load” alone" in found.remark, found
    assert "alone" not in match_text("load at payments", KNOWN, service("orders"), GRAPH).remark


@pytest.mark.parametrize(
    "words",
    [
        "Just a short blip while payments restarted during its deploy",
        "nothing is wrong",
        "It's a false alarm",
    ],
)
def test_that_nothing_lasts_is_no_cause_of_anything(words: str) -> None:
    found = match_text(words, KNOWN, service("orders"), GRAPH)
    assert (found.fault_class, found.note) == ("", CALM)


@pytest.mark.parametrize("slug", sorted(FAULTS))
def test_each_class_is_found_by_its_title_and_its_phrases(slug: str) -> None:
    model = FAULTS[slug]
    own = model.claim.format(name="payments", other="orders")
    assert match_text(own, KNOWN, service("orders"), GRAPH).fault_class == slug, own
    for phrase in (model.title.partition(",")[0], *model.words):
        found = match_text(f"{phrase} at payments", KNOWN, service("orders"), GRAPH)
        assert found.fault_class == slug, phrase
