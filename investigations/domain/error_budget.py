"""How much of its error budget a service has spent, by the objective that people set for it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import numpy as np
from django.conf import settings
from django.db.models import Q

from investigations.models import Investigation, Service
from telemetry.ask import GuardedSources, guarded
from telemetry.backends import open_sources
from telemetry.types import FloatArray, ResourceRef, Semantic, Series, TimeWindow

DAYS = 30
EVERY = timedelta(minutes=10)
MAX_READ = 20
STEP_SECONDS = 3600.0
STEPS = int(timedelta(days=DAYS).total_seconds() / STEP_SECONDS)
ERRORS, RATE = Semantic.ERROR_RATIO, Semantic.REQUEST_RATE


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a service's error budget of 30 days.

    Attributes:
        objective: Per cent of requests that must succeed.
        left: Share of the budget that is not spent, 1.0 and less (below 0: overspent); None: the
            source does not tell the service's errors.
        hours: How many hours of the 30 days the source knows; the others count as without errors.
    """

    service: str
    objective: float
    left: float | None
    hours: int


def budgets_of(investigation: Investigation, targets: Sequence[str], *, now: datetime
               ) -> list[dict[str, object]]:  # fmt: skip
    """Return the budgets of those resources that have an objective, as plain data.

    One query of the database; where there is an objective, one of the metrics source, by the hour
    over 30 days. A source that fails leaves the budget unknown.
    """
    rows = Service.objects.filter(key__in=targets, objective__isnull=False).order_by("key")
    sources = guarded(
        open_sources(investigation.telemetry),
        deadline_seconds=settings.TELEMETRY_DEADLINE_SECONDS,
    )
    return [asdict(_budget(sources, row, now)) for row in rows]


def keep_budgets(sources: GuardedSources, *, now: datetime) -> None:
    """Keep with each service that has an objective what is left of its budget, for its page.

    Asks again after ``EVERY``, one query of the metrics source for each; at most ``MAX_READ`` at once.
    """
    due = Q(budget_read_at__isnull=True) | Q(budget_read_at__lt=now - EVERY)
    rows = Service.objects.filter(due, objective__isnull=False).order_by("budget_read_at", "pk")
    for row in rows[:MAX_READ]:
        found = _budget(sources, row, now)
        # By the objective it was read for: people may have set another one meanwhile.
        Service.objects.filter(pk=row.pk, objective=row.objective).update(
            budget_left=found.left, budget_hours=found.hours, budget_read_at=now
        )


def _budget(sources: GuardedSources, service: Service, now: datetime) -> Budget:
    objective = float(service.objective or 0)
    resource = ResourceRef.parse(service.key)
    window = TimeWindow(now - timedelta(days=DAYS), now)
    read = sources.metrics.read_semantic((resource,), (ERRORS, RATE), window,
                                         step_seconds=STEP_SECONDS)  # fmt: skip
    own = {
        s.ref.semantic: s for s in read.data if s.ref.peer is None and s.ref.resource == resource
    }
    if ERRORS not in own:
        return Budget(service.key, objective, None, 0)
    spent, hours = spent_share(own[ERRORS], own.get(RATE), objective=objective)
    return Budget(service.key, objective, 1.0 - spent if hours else None, hours)


def spent_share(errors: Series, rate: Series | None, *, objective: float) -> tuple[float, int]:
    """Return the share of 30 days' budget that is spent, and the hours that are known.

    Hours weigh by their requests where the rate is known. An hour without requests has no errors.
    """
    known: FloatArray = np.asarray(errors.values, dtype=np.float64)
    weights = _weights(errors, rate)
    is_known = np.isfinite(known) & np.isfinite(weights)
    hours = int(is_known.sum())
    if not hours or weights[is_known].mean() <= 0:
        return 0.0, hours
    failed = float((known[is_known] * weights[is_known]).sum() / weights[is_known].mean())
    return failed / (STEPS * (1 - objective / 100)), hours


def _weights(errors: Series, rate: Series | None) -> FloatArray:
    if rate is None or not len(rate.times):
        return np.ones(len(errors.values))
    at = np.abs(rate.times[None, :] - errors.times[:, None]).argmin(axis=1)
    weights: FloatArray = np.asarray(rate.values, dtype=np.float64)[at]
    return weights
