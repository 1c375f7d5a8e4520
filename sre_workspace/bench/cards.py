"""Evidence for a measurement's board, posted by the domain's own function."""

import hashlib
import time
from datetime import timedelta

from investigations.domain.board import EvidenceDraft, post_evidence
from investigations.domain.clock import database_now
from investigations.enums import EvidenceKind
from investigations.models import Evidence, Investigation

AUTHORS = ("agent/network", "agent/deployment", "agent/database", "agent/resource")


def post_cards(incident_id: int, count: int, *, pause_seconds: float = 0.0) -> None:
    """Post ``count`` pieces of evidence on the incident's board, each in its own transaction."""
    investigation = Investigation.objects.get(incident_id=incident_id)
    until = database_now()
    for number in range(count):
        query = f"bench_load{{number='{number}'}}"
        draft = EvidenceDraft(
            kind=EvidenceKind.METRIC,
            claim=f"Sample {number} of a measurement of the pages rose to {number + 1} per second.",
            window_start=until - timedelta(minutes=5),
            window_end=until,
            resource="service/bench",
            magnitude=float(number + 1),
            unit="per second",
            source="bench",
            query=query,
            result_digest=hashlib.sha256(query.encode()).hexdigest(),
            sample={"points": [[until.isoformat(), number + 1]]},
            ingestion_path="bench",
        )
        post_evidence(
            investigation_id=investigation.pk,
            draft=draft,
            step_key=f"bench/{until.isoformat()}/{number}",
            author=AUTHORS[number % len(AUTHORS)],
        )
        time.sleep(pause_seconds)


def fill_up(incident_id: int, count: int) -> None:
    """Post evidence until the incident's board holds ``count`` pieces."""
    held = Evidence.objects.filter(investigation__incident_id=incident_id).count()
    post_cards(incident_id, max(0, count - held))
