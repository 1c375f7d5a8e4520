"""Testing connections: each part is asked a real question, by the worker that will ask it later."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction

from investigations.domain.audit import record_audit
from investigations.domain.clock import ClockTimestamp, database_now
from investigations.jobs import CHECK_CONNECTIONS, CHECK_EXECUTOR, enqueue
from investigations.models import ConnectionCheck
from telemetry.ask import GuardedSources, guarded
from telemetry.backends import open_sources
from telemetry.phrasing import counted
from telemetry.redaction import redact
from telemetry.results import QueryResult
from telemetry.types import TimeWindow

LOOK_BACK = timedelta(minutes=15)
SHOWN = 5
EXECUTOR = "executor"
Status = ConnectionCheck.Status


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to test: what it is called, what it is asked, and how its answer reads.

    ``is_quiet``: to have nothing to tell is an answer like any other.
    """

    name: str
    title: str
    ask: Callable[[GuardedSources, TimeWindow], QueryResult]  # type: ignore[type-arg]  # of any data
    tell: Callable[..., tuple[str, list[str]]]
    is_quiet: bool = False


def _metrics(refs: tuple) -> tuple[str, list[str]]:  # type: ignore[type-arg]  # SeriesRef
    names = sorted({ref.resource.name for ref in refs})
    known = sum(ref.semantic is not None for ref in refs)
    sentence = f"{len(refs)} series of {len(names)} resources; of {known} the meaning is known."
    return sentence, [f"{ref.resource}: {ref.name}" for ref in refs[:SHOWN]]


def _edges(graph) -> tuple[str, list[str]]:  # type: ignore[no-untyped-def]  # TopologyGraph
    sentence = f"{counted(len(graph.resources), 'resource')}, {counted(len(graph.edges), 'call')} between them."
    return sentence, [f"{e.caller.name} calls {e.callee.name}" for e in graph.edges[:SHOWN]]


def _calls(edges: tuple) -> tuple[str, list[str]]:  # type: ignore[type-arg]  # EdgeStats
    rows = [f"{e.caller.name} to {e.callee.name}: {e.request_rate:.3g}/s" for e in edges[:SHOWN]]
    return f"Call statistics of {len(edges)} edges.", rows


def _state(state) -> tuple[str, list[str]]:  # type: ignore[no-untyped-def]  # ClusterState
    ready = sum(pod.ready for pod in state.pods)
    sentence = (f"{counted(len(state.workloads), 'workload')}, {counted(len(state.pods), 'pod')} ({ready} ready), "
                f"{len(state.nodes)} nodes.")  # fmt: skip
    return sentence, [f"{w.resource.name}: {w.replicas_ready} of {w.replicas_desired} ready"
                      for w in state.workloads[:SHOWN]]  # fmt: skip


def _changes(changes: tuple) -> tuple[str, list[str]]:  # type: ignore[type-arg]  # ChangeEvent
    return f"{counted(len(changes), 'change')} in the last 15 minutes.", [
        c.summary for c in changes[-SHOWN:]
    ]


def _lines(lines: tuple) -> tuple[str, list[str]]:  # type: ignore[type-arg]  # LogLine
    pods = {line.pod for line in lines}
    return f"{counted(len(lines), 'line')} of {counted(len(pods), 'pod')}.", [
        x.body for x in lines[-SHOWN:]
    ]


PARTS = (
    Part("metrics", "Metrics", lambda s, w: s.metrics.catalogue([], w), _metrics),
    Part("topology", "Who calls whom", lambda s, w: s.topology.graph(w), _edges),
    Part("traces", "Call statistics", lambda s, w: s.traces.edges([], w), _calls),
    Part("cluster", "Cluster", lambda s, w: s.cluster.state([], w), _state),
    Part("changes", "Changes", lambda s, w: s.changes.changes([], w), _changes, is_quiet=True),
    Part("logs", "Logs", lambda s, w: s.logs.lines([], w, limit=200), _lines),
)
TITLES = {part.name: part.title for part in PARTS} | {EXECUTOR: "Acting"}


def request_checks(*, actor: str) -> None:
    """Mark every part as being tested and ask the workers for it. Idempotent."""
    with transaction.atomic():
        for name in TITLES:
            ConnectionCheck.objects.update_or_create(
                part=name, defaults={"status": Status.WAITING, "requested_at": ClockTimestamp()}
            )
        record_audit(actor=actor, verb="connections.tested", subject="connections", detail={})
        enqueue(CHECK_CONNECTIONS)
        enqueue(CHECK_EXECUTOR)


def run_checks() -> None:
    """Ask every part of what alerts are investigated on. For a worker that investigates."""
    sources = guarded(
        open_sources(settings.TELEMETRY_DEFAULT),
        deadline_seconds=settings.TELEMETRY_DEADLINE_SECONDS,
    )
    now = database_now()
    window = TimeWindow(now - LOOK_BACK, now)
    for part in PARTS:
        began = time.monotonic()
        answer = part.ask(sources, window)
        sentence, sample = answer.message, list[str]()
        if answer.is_answer:
            sentence, sample = part.tell(answer.data)
            sentence = f"{sentence} {answer.message}".strip()
        status = Status(answer.status.value)
        if part.is_quiet and status == Status.NO_DATA:
            status = Status.OK
        save_check(
            part.name, status, sentence, query=answer.provenance.query,
            sample=sample, seconds=time.monotonic() - began,
        )  # fmt: skip


def save_check(
    part: str, status: ConnectionCheck.Status, sentence: str, *, query: str = "",
    sample: list[str] | None = None, seconds: float | None = None,
) -> None:  # fmt: skip
    """Keep what a test found, without secrets."""
    ConnectionCheck.objects.update_or_create(
        part=part,
        defaults={
            "status": status, "sentence": redact(sentence, limit=400), "query": redact(query),
            "sample": [redact(line, limit=200) for line in sample or []], "seconds": seconds,
            "checked_at": ClockTimestamp(),
        },
    )  # fmt: skip
