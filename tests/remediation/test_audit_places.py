"""The audit log by incident: each row names the one that it tells of, and is found by it."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from investigations.domain.audit import record_audit
from tests.factories.actions import plan_action
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def test_a_row_links_the_incident_it_is_about_and_is_found_by_it(lab_incident, client) -> None:
    client.force_login(person("vera", "viewer"))
    incident = lab_incident("bad_release_errors", is_worked=False)
    action = plan_action(incident)
    place = action.investigation.incident_id
    board = action.investigation_id
    for subject in (f"incident/{place}", f"investigation/{board}", f"investigation/{board}/H1",
                    f"diagnosis/{action.diagnosis_id}", "incident/²", "kill_switch/global",
                    "action/999999", "evidence/12345678901234567890"):  # fmt: skip
        record_audit(actor="system", verb="made.up", subject=subject)
    link = f'<a href="/i/{place}/">INC-{place}</a>'
    with CaptureQueriesContext(connection) as few:
        every = client.get("/audit/?verb=made").content.decode()
    assert (every.count("made.up"), every.count(link)) == (8, 4)
    assert re.search(r"<time datetime=[^>]*>\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ</time>", every), (
        "seconds"
    )
    there = f'<a href="/i/{place}/a/{action.number}/">A{action.number}</a>'
    assert there not in every, "none of these is of an action that there is"
    of_action = client.get(f"/audit/?subject=a{action.number}").content.decode()
    assert of_action.count(there) == of_action.count('<tr id="n') >= 1
    assert "Nothing matches" in client.get("/audit/?subject=A999").content.decode()
    mine = client.get(f"/audit/?incident=inc-{place}").content.decode()
    by_subject = client.get(f"/audit/?subject=INC-{place}").content.decode()
    assert by_subject.count('<tr id="n') == mine.count('<tr id="n') > 0
    assert mine.count(link) == mine.count('<tr id="n') >= 5
    assert "action.proposed" in mine
    assert "Nothing matches" in client.get("/audit/?incident=999").content.decode()
    for query in ("", "&format=csv"):
        bad = client.get(f"/audit/?incident=storefront{query}")
        assert bad.status_code == 422
        assert '<tr id="n' not in bad.content.decode(), (
            "a filter that is not understood finds nothing"
        )
    for _ in range(3):
        record_audit(actor="system", verb="made.up", subject=f"action/{action.pk}")
        record_audit(actor="system", verb="made.up", subject=f"diagnosis/{action.diagnosis_id}")
    with CaptureQueriesContext(connection) as many:
        client.get("/audit/?verb=made")
    assert len(many) == len(few)
