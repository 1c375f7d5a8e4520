"""A made-up past for measuring lists and search: many incidents, the same each time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from django.db import connection, transaction

from investigations.domain.clock import database_now
from investigations.embeddings import EmbeddingUnavailable, get_embedder
from investigations.enums import DiagnosisVerdict, IncidentOrigin, IncidentState, Severity
from investigations.models import BoardEntry, Diagnosis, Incident, Investigation

SERVICES = (
    "payments", "checkout", "search", "catalogue", "accounts", "ledger", "shipping", "pricing",
    "mail", "media", "gateway", "reports", "sessions", "stock", "invoices", "quotes", "routes",
    "labels", "tickets", "offers",
)  # fmt: skip
CAUSES = (
    ("retry_storm", "latency of {s} rose and calls were repeated without a pause", "Revert retries.max of {s}"),
    ("bad_release", "{s} fails requests since its last release", "Roll back {s}"),
    ("pool_exhausted", "requests of {s} wait for a database connection", "Raise the pool of {s}"),
    ("memory_leak", "memory of {s} grows until its pods are killed", "Restart {s}"),
    ("disk_full", "the disk of {s} is full and writes fail", ""),
    ("cpu_starvation", "cpu of {s} is throttled and its queue grows", "Scale {s} to 6"),
    ("dns_failure", "names cannot be resolved from {s}", ""),
    ("slow_query", "one query of {s} reads the whole table", ""),
    ("packet_loss", "packets between {s} and its database are lost", ""),
    ("certificate_expired", "the certificate of {s} has expired", ""),
)  # fmt: skip
ACTIONS = {"Revert": "revert_config", "Roll": "rollback", "Raise": "raise_pool_limit",
           "Restart": "rolling_restart", "Scale": "scale"}  # fmt: skip
BATCH = 2000
MEMORIES = """
INSERT INTO investigations_incidentmemory
    (incident_id, text, words, embedding, model_name, updated_at, fault_class, verdict, action, signs)
SELECT i.id, t.text, to_tsvector('english', t.text),
    CASE WHEN t.vector IS NULL THEN NULL ELSE t.vector::vector + (
        SELECT array_agg((random() - 0.5) * 0.06)::vector FROM generate_series(1, 384 + 0 * i.id)
    ) END,
    'seeded', now(), t.fault_class, t.verdict, t.action, ARRAY[t.fault_class]
FROM investigations_incident i
JOIN seeded_text t ON t.title = i.title AND t.has_fix = (i.resolution <> '')
WHERE i.semantic = 'seeded' AND NOT EXISTS (
    SELECT 1 FROM investigations_incidentmemory m WHERE m.incident_id = i.id)
"""


def _kinds() -> Iterator[tuple[str, str, str, str]]:
    for service in SERVICES:
        for fault_class, symptom, fix in CAUSES:
            yield service, fault_class, symptom.format(s=service), fix.format(s=service)


def seed(count: int, *, seed_number: int = 7, with_vectors: bool = True) -> int:
    """Add ``count`` resolved incidents of the last two years, the newest last. Returns how many.

    Without vectors nothing is found by likeness, and it is much faster.

    Deterministic but for the clock. Writes past the journal: such rooms are empty.
    """
    chance, kinds, now = Random(seed_number), list(_kinds()), database_now()  # noqa: S311  # no secret
    last = len(kinds) - 1
    picked = [kinds[min(last, int(chance.paretovariate(0.7)) - 1)] for _ in range(count)]
    ages = [730 * (1 - number / count) for number in range(count)]
    _tell_texts(sorted(set(picked)), with_vectors=with_vectors)
    for start in range(0, count, BATCH):
        chunk = slice(start, start + BATCH)
        with transaction.atomic():
            _write(picked[chunk], [now - timedelta(days=age) for age in ages[chunk]], chance)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.25)")
        cursor.execute("DROP INDEX IF EXISTS memory_embedding_hnsw")
        cursor.execute(MEMORIES)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no index is built over deferred checks
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(
            "CREATE INDEX memory_embedding_hnsw ON investigations_incidentmemory"
            " USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64)"
        )
        cursor.execute("ANALYZE")
    return count


def _tell_texts(kinds: list[tuple[str, str, str, str]], *, with_vectors: bool) -> None:
    """Keep each kind's text and vector in a table of this session."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE IF NOT EXISTS seeded_text (title text, has_fix boolean, text text,"
            " vector text, fault_class text, verdict text, action text)"
        )
        cursor.execute("TRUNCATE seeded_text")
        for service, fault_class, symptom, fix in kinds:
            text = "\n".join([symptom, f"service {service}", fault_class.replace("_", " "), fix])
            vector = _vector(text) if with_vectors else None
            action = ACTIONS.get(fix.partition(" ")[0], "")
            for has_fix in (True, False):
                cursor.execute(
                    "INSERT INTO seeded_text VALUES (%s, %s, %s, %s, %s, %s, %s)",
                    [symptom, has_fix, text, vector, fault_class, DiagnosisVerdict.LIKELY_CAUSE,
                     action if has_fix else ""],
                )  # fmt: skip


def _vector(text: str) -> str | None:
    try:
        return str(get_embedder().embed(text))
    except EmbeddingUnavailable:
        return None


def _write(picked: list[tuple[str, str, str, str]], times: list[datetime], chance: Random) -> None:
    ends = [at + timedelta(minutes=chance.randint(4, 240)) for at in times]
    incidents = Incident.objects.bulk_create(
        Incident(
            title=symptom, symptom=symptom, state=IncidentState.RESOLVED, semantic="seeded",
            severity=chance.choice(Severity.values), origin=IncidentOrigin.RECORDED,
            resource=f"service/{service}", started_at=at, opened_at=at, mitigated_at=end,
            resolved_at=end, resolution="Fixed." if fix and chance.random() < 0.7 else "",
        )
        for (service, _, symptom, fix), at, end in zip(picked, times, ends, strict=True)
    )  # fmt: skip
    investigations = Investigation.objects.bulk_create(
        Investigation(
            incident=i, state="concluded", window_start=i.started_at, window_end=end,
            baseline_start=i.started_at - timedelta(hours=1), baseline_end=i.started_at,
            started_at=i.started_at, ended_at=end,
        )
        for i, end in zip(incidents, ends, strict=True)
    )  # fmt: skip
    rows = list(zip(investigations, picked, strict=True))
    Diagnosis.objects.bulk_create(
        Diagnosis(
            investigation=run, number=1, step_key="seeded", verdict=DiagnosisVerdict.LIKELY_CAUSE,
            resource=f"service/{service}", fault_class=fault_class, summary=symptom,
            confidence=round(chance.uniform(0.5, 0.97), 2), claim={"fault_class": fault_class},
            reached_at=run.ended_at or run.window_end,
        )
        for run, (service, fault_class, symptom, _) in rows
    )  # fmt: skip
    BoardEntry.objects.bulk_create(
        BoardEntry(
            investigation=run, kind="action", key="A1",
            data={"number": 1, "title": fix, "state": "succeeded", "kind": ACTIONS[fix.partition(" ")[0]]},
        )
        for run, (_, _, _, fix) in rows
        if run.incident.resolution
    )  # fmt: skip
