"""kill -9 at every named point, and at random: nothing lost, nothing doubled, every run finishes."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

import httpx
import pytest
from django.db import connection

from investigations.domain.clock import database_now
from investigations.domain.incidents import IncidentDraft, open_incident
from investigations.domain.journal import verify_chain
from investigations.enums import IncidentOrigin
from investigations.models import Investigation

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(1800),
]
POINTS = (
    "after_claim", "after_evidence", "after_propose", "after_examined", "after_challenge",
    "after_stances", "after_assessments", "after_diagnosis", "before_finish", "after_finish",
)  # fmt: skip
KILLS = int(os.environ.get("SRE_KILLS", "12"))


@pytest.fixture
def lab(tmp_path):
    socket = tmp_path / "lab.sock"
    process = subprocess.Popen([sys.executable, "-m", "lab", "--socket", str(socket)])
    client = httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://lab")
    for _ in range(100):
        try:
            client.get("/health")
            break
        except httpx.HTTPError:
            time.sleep(0.1)
    assert client.post("/scenarios/bad_release_latency", json={"seed": 1}).status_code == 200
    yield socket
    process.terminate()
    process.wait(5)


def environment(socket, crash_at: str) -> dict[str, str]:
    database = connection.settings_dict
    host = database["HOST"].replace("/", "%2F")
    return {
        **os.environ,
        "DATABASE_URL": f"postgresql://{database['USER']}@{host}/{database['NAME']}",
        "SRE_LAB_SOCKET": str(socket), "SRE_LEASE_SECONDS": "1", "SRE_CRASH_AT": crash_at,
        "SRE_LOG_LEVEL": "CRITICAL",
    }  # fmt: skip


def start(investigation: Investigation, env: dict[str, str]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.worker", str(investigation.pk)], env=env
    )


def open_one() -> Investigation:
    now = database_now()
    started = now - timedelta(minutes=3)
    _, investigation = open_incident(
        IncidentDraft(
            title="slow", resource="service/storefront", origin=IncidentOrigin.PRACTICE,
            started_at=started, window_start=started - timedelta(minutes=5), window_end=now,
            baseline_start=started - timedelta(minutes=20),
            baseline_end=started - timedelta(minutes=5), telemetry={"kind": "lab"},
            semantic="latency_p99_seconds",
        )
    )  # fmt: skip
    return investigation


@pytest.mark.capability(98)
def test_killed_workers_lose_and_double_nothing(lab, tmp_path) -> None:
    rng = random.Random(7)
    killed = 0
    began = time.monotonic()
    for number in range(KILLS):
        investigation = open_one()
        point = POINTS[number] if number < len(POINTS) else ""
        mark = tmp_path / f"mark-{number}"
        victim = start(investigation, environment(lab, f"{point}:{mark}" if point else ""))
        if not point:
            time.sleep(rng.uniform(1.2, 3.0))
            victim.kill()
        code = victim.wait(90)
        killed += code == -signal.SIGKILL
        if point:
            assert code == -signal.SIGKILL, f"{point} was not reached"
        assert start(investigation, environment(lab, "")).wait(90) == 0
        check(investigation)
    print(f"{KILLS} rounds, {killed} kills, {time.monotonic() - began:.0f} s, 0 lost, 0 doubled")
    assert killed >= len(POINTS[:KILLS])


def check(investigation: Investigation) -> None:
    investigation.refresh_from_db()
    assert investigation.state == "concluded"
    assert verify_chain(investigation.pk) is None
    items = Counter(investigation.work_items.values_list("state", flat=True))
    assert set(items) == {"done"}, items
    gathered = investigation.work_items.filter(kind="gather").count()
    assert gathered == 4
    facts = [(e.step_key, e.claim) for e in investigation.evidence.all()]
    assert len(facts) == len({key for key, _ in facts})
    numbers = sorted(investigation.evidence.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert investigation.diagnoses.count() == 1
    posted = investigation.events.filter(kind="evidence_posted").count()
    assert posted == len(facts)
