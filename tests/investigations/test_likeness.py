"""Likeness rests on what was found: the same fault again is alike, another one is not shown."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from investigations.domain.memory import remember
from investigations.models import BoardEntry, Diagnosis, Incident, IncidentMemory
from investigations.presenters.words import alike
from investigations.queries.likeness import Profile, likeness, similar_incidents
from tests.factories.board import open_board
from tests.factories.lab import open_lab_incident

STORM = Profile("retry_storm", frozenset("abcd"), "error_ratio", "service/payments")
ALL_SIGNS = ["edge_error_rise", "error_rise", "latency_rise", "series_anomaly", "timeout_logs"]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("other", "words"),
    [
        (STORM, "much alike"),
        (Profile("retry_storm", frozenset("abef"), "latency", "service/payments"), "alike"),
        (
            Profile("bad_release", frozenset("abcd"), "error_ratio", "service/payments"),
            "somewhat alike",
        ),
        (Profile("disk_full", frozenset("xyz"), "error_ratio", "service/payments"), "unlike"),
        (Profile("", frozenset("abcd"), "error_ratio", ""), "alike"),
    ],
)
def test_the_cause_counts_most_and_without_one_nothing_is_more_than_alike(other, words) -> None:
    assert alike(likeness(STORM, other)) == words
    assert likeness(STORM, other) == likeness(other, STORM)


@pytest.mark.unit
def test_where_nothing_was_found_nothing_is_told() -> None:
    assert likeness(Profile(symptom="error_ratio"), Profile(symptom="error_ratio")) is None


def past(service: str, fault_class: str, fix: str = "", *, signs: list[str], state: str = "succeeded",
         verdict: str = "likely_cause") -> Incident:  # fmt: skip
    """Return an incident that ended so, near to all others in words."""
    board = open_board(f"{service} fails requests")
    incident, place = board.incident, f"service/{service}"
    Incident.objects.filter(pk=incident.pk).update(resource=place, semantic="error_ratio")
    Diagnosis.objects.create(
        investigation=board, number=1, step_key="x", verdict=verdict, summary=service, claim={},
        fault_class=fault_class, resource=place if fault_class else "",
    )  # fmt: skip
    data = {"kind": fix, "target": place, "state": state, "title": f"{fix} {service}"}
    if fix:
        BoardEntry.objects.create(investigation=board, kind="action", key="1", data=data)
    IncidentMemory.objects.create(
        incident=incident, fault_class=fault_class, verdict=verdict, signs=signs, text=service,
        embedding=[1.0] + [0.0] * 383,
    )  # fmt: skip
    incident.refresh_from_db()
    return incident


@pytest.mark.integration
@pytest.mark.django_db
def test_the_same_service_cause_and_fix_rank_first_and_no_fault_is_never_alone() -> None:
    bad = past("orders", "bad_release", "rollback", signs=["new_error_template", "error_rise"])
    # Fewer signs in common than any other: what was decided counts, not what every incident shows.
    again = past("orders", "bad_release", "rollback", signs=["changes_harmless", "error_rise"])
    elsewhere = past(
        "search", "bad_release", "rollback", signs=["new_error_template", "error_rise"]
    )
    crash = past(
        "orders", "crash_loop", "rollback", state="superseded", signs=[*ALL_SIGNS, "restarts"]
    )
    pool = past("orders", "pool_exhaustion", "raise_pool_limit", signs=["pool_logs", *ALL_SIGNS])
    blip = past("storefront", "", signs=ALL_SIGNS, verdict="no_fault")
    here = past("orders", "", signs=["new_error_template", "error_rise"], verdict="no_fault")
    storm = past("storefront", "retry_storm", "revert_config", signs=[*ALL_SIGNS, "retries"])

    def like(incident: Incident) -> list[int]:
        return [row.incident.pk for row in similar_incidents(incident, limit=9)]

    assert like(bad) == [again.pk, elsewhere.pk, crash.pk, here.pk]
    assert like(again)[:2] == [bad.pk, elsewhere.pk]
    assert set(like(crash)) == {bad.pk, again.pk}
    (row, *_) = similar_incidents(crash)
    assert row.shared[:3] == ("same service", "caused at the same place", "same fix proposed")
    assert like(pool) == like(storm) == [], "a no-fault one alone answers nothing"
    assert like(blip) == [storm.pk], "of what had no cause, what showed the same may tell"
    with CaptureQueriesContext(connection) as few:
        similar_incidents(pool)
    with CaptureQueriesContext(connection) as many:
        similar_incidents(bad)
    assert len(few) == len(many)


@pytest.mark.integration
@pytest.mark.django_db(transaction=True)
def test_the_same_fault_again_ranks_first_and_unlike_ones_are_not_shown(kill_switch_row) -> None:
    told = {}
    for name, slug, seed in (
        ("errors", "bad_release_errors", 1), ("disk", "disk_full", 1),
        ("pool", "pool_exhaustion", 1), ("errors again", "bad_release_errors", 2),
    ):  # fmt: skip
        lab = open_lab_incident(slug, seed=seed)
        lab.stack.close()
        incident = lab.investigation.incident
        remember(incident.pk)
        told[name] = incident
    names = {incident.pk: name for name, incident in told.items()}
    # The words of all of them are near: that alone once made unlike faults "58 % alike".
    assert IncidentMemory.objects.filter(embedding=None).count() == 0
    found = {
        name: [(names[r.incident.pk], alike(r.similarity)) for r in similar_incidents(incident)]
        for name, incident in told.items()
    }
    assert found["errors again"][:1] in ([("errors", "much alike")], [("errors", "alike")])
    assert found["errors"][0][0] == "errors again"
    assert len(found["errors"]) == len(found["errors again"]) == 1, found
    assert found["disk"] == found["pool"] == [], found
