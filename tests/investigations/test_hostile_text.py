"""What alerts, logs, people and agents write is shown as text, on every page of an incident."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from investigations.domain.alert_drafts import AlertDraft
from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.domain.hypotheses import propose_hypothesis
from investigations.domain.ingest import ingest_alert
from investigations.domain.runs import steer
from investigations.enums import AlertStatus, EvidenceKind
from investigations.models import Diagnosis
from investigations.render import render_update
from tests.architecture.test_access import _all_paths
from tests.factories.board import NOON
from tests.factories.people import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
EVIL = (
    "\"'><img src=x onerror=alert(1)><script>alert(1)</script><b hx-get=/x hx-trigger=load>"
    "[a](javascript:alert(1))![i](https://evil.example/p.png){{7*7}}</hx-partial>"
)
# Evil as markup: none of it may stand in a page unescaped.
ALIVE = re.compile(
    r"<img[^>]*onerror|<script>alert|<b hx-get|href=[\"']?\s*javascript:|src=[\"']https://evil",
    re.I,
)


@pytest.fixture
def incident_id(client: Client) -> int:
    """An incident in which everything that somebody else writes is hostile."""
    mira = person("mira", "responder", "approver")
    client.force_login(mira)
    labels = {"alertname": EVIL, "runbook_url": "javascript:alert(1)", "x": EVIL}
    found = ingest_alert(
        AlertDraft(
            source=EVIL[:60], fingerprint="f", name=EVIL[:190], resource="service/" + EVIL[:150],
            status=AlertStatus.FIRING, starts_at=NOON, summary=EVIL, severity_label=EVIL[:30],
            environment=EVIL[:60], labels=labels, annotations=labels,
        ),
        telemetry={"kind": "recorded", "path": "nowhere"},
    )  # fmt: skip
    assert found is not None
    board = found.investigation_id
    draft = EvidenceDraft(
        kind=EvidenceKind.LOG, claim=EVIL, query=EVIL, result_digest="d", source=EVIL[:60],
        source_link="javascript:alert(1)//http://", resource=EVIL[:150], unit="<b>",
        window_start=NOON - timedelta(minutes=5), window_end=NOON, sample={"lines": [EVIL], EVIL: EVIL},
    )  # fmt: skip
    post_evidence(investigation_id=board, author="agent/network", step_key="s", draft=draft)
    row = propose_hypothesis(investigation_id=board, claim=EVIL, author="person/mira",
                             posted_by=mira, note=EVIL)  # fmt: skip
    steer(investigation_id=board, user=mira, text=EVIL)
    Diagnosis.objects.create(
        investigation_id=board, number=1, step_key="d", verdict="likely_cause", hypothesis=row,
        resource=EVIL[:150], fault_class="bad_release", summary=EVIL, happening=EVIL, cited=[1],
        would_change=EVIL[:400], next_steps=[EVIL],
        rules=[{"name": EVIL, "passed": True, "detail": EVIL}],
    )  # fmt: skip
    return found.incident.pk


def test_every_page_shows_it_as_text(client: Client, incident_id: int) -> None:
    alive, shown = [], 0
    for path in _all_paths():
        page = client.get("/" + path.replace("i/1/", f"i/{incident_id}/"))
        if page.status_code != 200 or "html" not in page.headers.get("Content-Type", ""):
            continue
        text = b"".join(page) if page.streaming else page.content
        shown += b"onerror" in text
        alive += [(path, hit) for hit in ALIVE.findall(text.decode())]
        assert "script-src 'self'" in page.headers["Content-Security-Policy"], path
    assert alive == []
    assert shown >= 6, "the hostile text must have been on pages at all"


def test_every_message_of_the_socket_shows_it_as_text(incident_id: int) -> None:
    board = Diagnosis.objects.get().investigation_id
    message = render_update(board, after=0, audience="responder")
    assert message is not None
    assert ALIVE.findall(str(message["content"])) == []
    assert "onerror" in str(message["content"])
