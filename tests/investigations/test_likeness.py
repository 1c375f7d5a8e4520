"""Likeness rests on what was found: the same fault again is alike, another one is not shown."""

import pytest

from investigations.domain.memory import remember
from investigations.models import IncidentMemory
from investigations.presenters.words import alike
from investigations.queries.likeness import Profile, likeness, similar_incidents
from tests.factories.lab import open_lab_incident

STORM = Profile("retry_storm", frozenset("abcd"), "error_ratio", "service")


@pytest.mark.unit
@pytest.mark.parametrize(
    ("other", "words"),
    [
        (STORM, "much alike"),
        (Profile("retry_storm", frozenset("abef"), "latency", "service"), "alike"),
        (Profile("bad_release", frozenset("abcd"), "error_ratio", "service"), "somewhat alike"),
        (Profile("disk_full", frozenset("xyz"), "error_ratio", "service"), "unlike"),
        (Profile("", frozenset("abcd"), "error_ratio", ""), "alike"),
    ],
)
def test_the_cause_counts_most_and_without_one_nothing_is_more_than_alike(other, words) -> None:
    assert alike(likeness(STORM, other)) == words
    assert likeness(STORM, other) == likeness(other, STORM)


@pytest.mark.unit
def test_where_nothing_was_found_nothing_is_told() -> None:
    assert likeness(Profile(symptom="error_ratio"), Profile(symptom="error_ratio")) is None


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
