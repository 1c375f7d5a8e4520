"""Keeping the services current: who there is, what they last measured, what was changed on them."""

import re
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from hashlib import sha256

import numpy as np
from django.conf import settings
from django.db import transaction

from investigations.domain.audit import record_audit
from investigations.domain.clock import database_now
from investigations.domain.error_budget import keep_budgets
from investigations.domain.periodic import Claim, Outcome, run_when_due
from investigations.domain.topology import save_edges
from investigations.errors import BoardError
from investigations.models import Service, ServiceChange, ServiceReading, Tier
from telemetry.ask import GuardedSources, guarded
from telemetry.backends import open_sources
from telemetry.phrasing import counted
from telemetry.redaction import redact
from telemetry.results import QueryResult
from telemetry.types import FloatArray, ResourceKind, ResourceRef, Semantic, Series, TimeWindow

JOB = "services.refresh"
BUDGET = ("budget_left", "budget_hours", "budget_read_at")
EVERY_SECONDS = 60.0
LEASE_SECONDS = 120.0
MAX_SERVICES = 500
MAX_CHANGES = 500
CHANGES_KEPT = 100
LOOK_BACK = timedelta(hours=2)
CHANGES_LOOK_BACK = timedelta(hours=24)
STEP_SECONDS = 60.0
# The newest samples are what is judged; the others say what is usual.
JUDGED = 3
ENOUGH = 20
POINTS = 40
# ASCII digits alone: who reads a number must read what was typed.
OBJECTIVE = re.compile(r"[0-9]{1,3}(\.[0-9]{0,20})?")
LEAST_OBJECTIVE, EVERY_REQUEST = Decimal(50), Decimal(100)
# No plain name may look like one with a hash.
HASHED = re.compile(r"-[0-9a-f]{6}$")
KINDS = {ResourceKind.SERVICE, ResourceKind.DATABASE, ResourceKind.EXTERNAL, ResourceKind.WORKLOAD}
SEMANTICS = (
    Semantic.REQUEST_RATE, Semantic.ERROR_RATIO, Semantic.LATENCY_P99_SECONDS,
    Semantic.CPU_UTILISATION_RATIO, Semantic.MEMORY_WORKING_SET_BYTES, Semantic.DISK_USED_RATIO,
    Semantic.REPLICAS_READY, Semantic.QUEUE_DEPTH, Semantic.DB_CONNECTIONS_IN_USE,
    Semantic.CACHE_HIT_RATIO,
)  # fmt: skip


def refresh_services(*, is_forced: bool = False) -> Outcome | None:
    """Read topology, series and changes of the default sources, when it is due. Read-only there.

    Idempotent. None: it is not due, or another worker does it.
    """
    return run_when_due(
        JOB, every_seconds=EVERY_SECONDS, lease_seconds=LEASE_SECONDS, work=_refresh,
        is_forced=is_forced,
    )  # fmt: skip


def _refresh(claim: Claim) -> Outcome:
    sources = guarded(
        open_sources(settings.TELEMETRY_DEFAULT),
        deadline_seconds=settings.TELEMETRY_DEADLINE_SECONDS,
    )
    now = database_now()
    graph = sources.topology.graph(TimeWindow(now - timedelta(hours=1), now))
    if not graph.is_answer:
        return Outcome(error=f"Topology: {graph.message or graph.status.value}")
    save_edges(graph.data.edges, now)
    refs = _refs(graph.data.resources, [e for edge in graph.data.edges
                                        for e in (edge.caller, edge.callee)])  # fmt: skip
    known = _save_services(refs, now)
    problems = [p for p in (_read_series(sources, known, now), _read_changes(
        sources, known, now, since=claim.since)) if p]  # fmt: skip
    keep_budgets(sources, now=now)
    return Outcome(f"{counted(len(known), 'service')}. {' '.join(problems)}".strip())


def _refs(resources: tuple[ResourceRef, ...], ends: list[ResourceRef]) -> list[ResourceRef]:
    unique = dict.fromkeys([*resources, *ends])
    return [ref for ref in unique if ref.kind in KINDS and len(str(ref)) <= 200][:MAX_SERVICES]


def slug_of(key: str) -> str:
    """Return the part of an address for a resource key: readable, and the same each time.

    A plain service keeps its name. What would be ambiguous or unreadable gets a short hash.
    """
    kind, _, rest = key.partition("/")
    plain = rest if kind == ResourceKind.SERVICE else f"{kind}-{rest}"
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:100]
    is_exact = slug == rest and kind == ResourceKind.SERVICE and not HASHED.search(slug)
    return slug if is_exact else f"{slug or kind}-{sha256(key.encode()).hexdigest()[:6]}"


def _save_services(refs: list[ResourceRef], now: datetime) -> dict[str, Service]:
    rows = [
        Service(key=str(r), slug=slug_of(str(r)), kind=r.kind.value, name=r.name, seen_at=now)
        for r in refs
    ]
    Service.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["key"], update_fields=["seen_at"]
    )
    found = Service.objects.filter(key__in=[str(r) for r in refs])
    return {service.key: service for service in found}


def _read_series(sources: GuardedSources, known: dict[str, Service], now: datetime) -> str:
    """Keep the last value and usual range of each series. Returns what went wrong, or nothing."""
    window = TimeWindow(now - LOOK_BACK, now)
    answer = sources.metrics.read_semantic(
        [ResourceRef.parse(key) for key in known], SEMANTICS, window, step_seconds=STEP_SECONDS
    )
    if not answer.is_answer:
        return f"Series were not read: {answer.message or answer.status.value}."
    rows: dict[tuple[int, str], ServiceReading] = {}
    for series in answer.data:
        service = known.get(str(series.ref.resource))
        if service is None or series.ref.peer is not None or series.ref.semantic is None:
            continue
        reading = _reading(series, service, answer, window)
        if reading is not None:
            rows.setdefault((service.pk, reading.semantic), reading)
    with transaction.atomic():
        ServiceReading.objects.bulk_create(
            rows.values(), update_conflicts=True, unique_fields=["service", "semantic"],
            update_fields=["unit", "value", "usual_low", "usual_high", "samples", "points",
                           "source", "query", "window_start", "read_at"],
        )  # fmt: skip
    return ""


def usual_range(values: FloatArray) -> tuple[float | None, float | None]:
    """Return median minus and plus three robust deviations; None, None with fewer than 20 samples.

    By the median absolute deviation, so that the first half hour of a fault does not make itself
    usual. What is never negative has no negative bound.
    """
    if len(values) < ENOUGH:
        return None, None
    middle = float(np.median(values))
    reach = 3 * 1.4826 * float(np.median(np.abs(values - middle)))
    floor = 0.0 if float(values.min()) >= 0 else -np.inf
    return max(floor, middle - reach), middle + reach


def _reading(
    series: Series, service: Service, answer: QueryResult[tuple[Series, ...]], window: TimeWindow
) -> ServiceReading | None:
    values = series.values[np.isfinite(series.values)]
    if len(values) == 0:
        return None
    low, high = usual_range(values[:-JUDGED])
    step = max(1, len(values) // POINTS)
    return ServiceReading(
        service=service, semantic=str(series.ref.semantic), unit=series.ref.unit,
        # The median of the newest samples: one odd scrape is no news.
        value=float(np.median(values[-JUDGED:])), usual_low=low, usual_high=high,
        samples=len(values), points=[float(f"{v:.5g}") for v in values[::-1][::step][::-1]],
        source=answer.provenance.source[:64],
        query=redact(series.ref.query or answer.provenance.query), window_start=window.start,
        read_at=answer.provenance.fetched_at,
    )  # fmt: skip


def _read_changes(
    sources: GuardedSources, known: dict[str, Service], now: datetime, *, since: datetime | None
) -> str:
    """Keep the changes since the last look, overlapping it: a feed may tell of one late."""
    start = now - CHANGES_LOOK_BACK
    if since is not None:
        start = max(start, min(since, now) - timedelta(hours=1))
    answer = sources.changes.changes([], TimeWindow(start, now))
    if not answer.is_answer:
        return f"Changes were not read: {answer.message or answer.status.value}."
    rows = {}
    for change in answer.data[-MAX_CHANGES:]:
        service = known.get(str(change.resource))
        if service is not None:
            rows[service.pk, change.id[:200]] = ServiceChange(
                service=service, change_id=change.id[:200], kind=change.kind.value, at=change.at,
                summary=redact(change.summary, limit=300), author=change.author[:100],
                revision_before=change.revision_before[:100],
                revision_after=change.revision_after[:100], source=answer.provenance.source[:64],
            )  # fmt: skip
    ServiceChange.objects.bulk_create(rows.values(), ignore_conflicts=True)
    _forget_changes({service_id for service_id, _ in rows})
    return ""


def _forget_changes(service_ids: set[int]) -> None:
    for service_id in service_ids:
        rows = ServiceChange.objects.filter(service=service_id)
        old = list(rows.values_list("pk", flat=True)[CHANGES_KEPT : CHANGES_KEPT + MAX_CHANGES])
        rows.filter(pk__in=old).delete()


def read_objective(typed: str) -> Decimal | None:
    """Return an availability objective in per cent, as typed: ``99.9``, ``99,9 %``; None for nothing.

    Raises:
        BoardError: It is no number from 50 to 99.999, or a finer one than is kept.
    """
    text = typed.strip().removesuffix("%").strip().replace(",", ".")
    if not text:
        return None
    found = Decimal(text) if OBJECTIVE.fullmatch(text) else Decimal(0)
    if not LEAST_OBJECTIVE <= found < EVERY_REQUEST:
        raise BoardError("The objective is a number from 50 to 99.999 (per cent), or empty.")
    kept = found.quantize(Decimal("0.001"), rounding=ROUND_DOWN)
    if kept != found:
        raise BoardError(
            "The objective has at most three digits behind the point, up to 99.999. "
            "Nothing was stored."
        )
    return kept


def _told(objective: Decimal | None) -> str:
    return "" if objective is None else f"{objective.normalize():f} %"


def describe_service(
    *,
    service: Service,
    actor: str,
    owner: str,
    contact: str,
    tier: str,
    description: str,
    objective: str = "",
) -> Service:
    """Set what people say of a service. One transaction with its audit entry.

    Raises:
        BoardError: The tier is unknown, a text is too long, or the objective is none.
    """
    if tier not in Tier.values:
        raise BoardError("Choose a tier from the list.")
    wanted = {"owner": owner.strip(), "contact": contact.strip(), "tier": tier,
              "description": description.strip()}  # fmt: skip
    aim = read_objective(objective)
    for name, limit in (("owner", 100), ("contact", 200), ("description", 500)):
        if len(wanted[name]) > limit:
            raise BoardError(
                f"At most {limit} characters for the {name}; yours has {len(wanted[name])}."
            )
    with transaction.atomic():
        row = Service.objects.select_for_update().get(pk=service.pk)
        changed = {n: [getattr(row, n), v] for n, v in wanted.items() if getattr(row, n) != v}
        if row.objective != aim:
            changed["objective"] = [_told(row.objective), _told(aim)]
            row.budget_left, row.budget_hours, row.budget_read_at = None, 0, None
        if changed:
            for name, value in wanted.items():
                setattr(row, name, value)
            row.objective = aim
            row.save(update_fields=[*wanted, "objective", *BUDGET])
            record_audit(actor=actor, verb="service.described", subject=f"service/{row.slug}",
                         detail={"changed": changed})  # fmt: skip
    return row
