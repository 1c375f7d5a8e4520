"""Severity by published rules: the same each time, worse with data lost, safe where nothing is known."""

import pytest

from investigations.domain.severity import SeverityFacts, compute_severity, tells_of_data_loss
from investigations.intake.tokens import make_token
from investigations.models import Incident, Service, Tier
from tests.investigations.intake.test_alertmanager import delivery, send

SEEN = "2026-03-01T12:00:00Z"
unit = pytest.mark.unit
LABELS = ("critical", "page", "error", "warning", "info", "nonsense", "")


def severity(**facts: object) -> str:
    return compute_severity(SeverityFacts(**facts))[0].value


@pytest.mark.capability(12)
@unit
def test_the_same_facts_give_the_same_severity_a_hundred_times() -> None:
    facts = SeverityFacts("warning", 7, True, "error_ratio", 0.3, Tier.SUPPORTING, False)
    assert len({str(compute_severity(facts)) for _ in range(100)}) == 1


@pytest.mark.capability(12)
@unit
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("tier", [*Tier.values])
def test_lost_data_is_sev1_and_an_unknown_tier_is_never_taken_for_unimportant(label, tier) -> None:
    assert severity(label=label, tier=tier, is_data_lost=True) == "sev1"
    known, unknown = severity(label=label, tier=tier), severity(label=label)
    if tier == Tier.SUPPORTING:
        assert unknown <= known, "SEV1 is the worst, and the least in order"
    elif tier == Tier.CRITICAL:
        assert known == "sev2"


@unit
@pytest.mark.parametrize(
    ("text", "is_lost"),
    [("DataLoss", True), ("ledger: data corruption on shard 3", True), ("we are losing data", True),
     ("packet loss to payments", False), ("no data for 5 minutes", False), ("", False)],
)  # fmt: skip
def test_what_tells_of_lost_data(text, is_lost) -> None:
    assert tells_of_data_loss(text) is is_lost


@pytest.mark.capability(12)
@pytest.mark.integration
@pytest.mark.django_db
def test_alerts_are_graded_by_the_tier_that_people_set() -> None:
    for name, tier in (("vital", Tier.CRITICAL), ("side", Tier.SUPPORTING)):
        Service.objects.create(key=f"service/{name}", slug=name, kind="service", name=name,
                               tier=tier, seen_at=SEEN)  # fmt: skip
    token = make_token("am")
    body = delivery("vital", "side", "other")
    body["alerts"][0]["labels"]["severity"] = "info"
    send(body, token)
    lost = delivery("ledger")
    lost["alerts"][0]["labels"] |= {"alertname": "DataLoss", "severity": "info"}
    send(lost, token)
    rows = {i.resource.partition("/")[2]: i for i in Incident.objects.all()}
    assert {name: row.severity for name, row in rows.items()} == {
        "vital": "sev2", "side": "sev3", "other": "sev2", "ledger": "sev1",
    }  # fmt: skip
    assert "a critical service: at least SEV2" in rows["vital"].severity_reasons
    assert rows["ledger"].severity_reasons[-1] == "data is lost: SEV1, whatever else"
