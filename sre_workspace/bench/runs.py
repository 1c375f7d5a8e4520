"""How soon a practice incident has evidence and a verdict: watched in the database from outside."""

import time
from dataclasses import dataclass

import psycopg

from sre_workspace.bench.stack import RunningStack
from sre_workspace.bench.visitor import Visitor
from sre_workspace.embedded.paths import paths_of
from sre_workspace.embedded.postgres import DATABASE, server_url

POLL_SECONDS = 0.005
TIMEOUT_SECONDS = 120.0
STATE_QUERY = """
    SELECT i.incident_id, i.state,
           EXISTS (SELECT 1 FROM investigations_evidence e WHERE e.investigation_id = i.id),
           EXISTS (SELECT 1 FROM investigations_diagnosis d WHERE d.investigation_id = i.id)
    FROM investigations_investigation i WHERE i.incident_id > %s ORDER BY i.id LIMIT 1
"""


class RunTimedOut(Exception):
    """An investigation did not conclude in two minutes."""


@dataclass(frozen=True, slots=True)
class RunTimes:
    """Seconds from the moment an alert was committed."""

    incident_id: int
    evidence_seconds: float
    verdict_seconds: float
    concluded_seconds: float


def database(stack: RunningStack) -> "psycopg.Connection[tuple[object, ...]]":
    """Connect to the stack's own database."""
    return psycopg.connect(
        server_url(paths_of(stack.state).postgres_sockets, DATABASE), autocommit=True
    )


def time_run(stack: RunningStack, visitor: Visitor, slug: str) -> RunTimes:
    """Start a scenario and time its investigation. Resolution 5 ms.

    Raises:
        RunTimedOut: It did not conclude.
    """
    with database(stack) as connection:
        row = connection.execute(
            "SELECT coalesce(max(id), 0) FROM investigations_incident"
        ).fetchone()
        newest = row[0] if row else 0
        visitor.practise(slug)
        accepted = evidence = verdict = 0.0
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            found = connection.execute(STATE_QUERY, [newest]).fetchone()
            now = time.monotonic()
            if found is not None:
                accepted = accepted or now
                evidence = evidence or (now if found[2] else 0.0)
                verdict = verdict or (now if found[3] else 0.0)
                if found[1] == "concluded":
                    return RunTimes(
                        incident_id=int(str(found[0])),
                        evidence_seconds=(evidence or now) - accepted,
                        verdict_seconds=(verdict or now) - accepted,
                        concluded_seconds=now - accepted,
                    )
            time.sleep(POLL_SECONDS)
    raise RunTimedOut(slug)
