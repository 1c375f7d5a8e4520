"""Learning what is usual at each hour of the week, and telling what is not. Needs no time-series store."""

from datetime import datetime, timedelta

from agents.detectors.usual_week import Usual, UsualWeek, hour_of_week, name_of_hour
from agents.domain.scan_looks import Look, default_sources, look_at, needs_answer
from agents.models import UsualHours
from investigations.domain.clock import database_now
from investigations.domain.periodic import Claim, Outcome
from investigations.domain.scan_findings import FindingDraft, record_scan
from investigations.models import ScanName
from telemetry.ask import GuardedSources
from telemetry.phrasing import counted, quantity
from telemetry.types import Semantic, Series, TimeWindow

MEANINGS = (Semantic.REQUEST_RATE, Semantic.LATENCY_P99_SECONDS, Semantic.ERROR_RATIO)
# Fewer requests than usual matter; less latency and fewer errors do not.
BOTH_WAYS = {Semantic.REQUEST_RATE}
STEP_SECONDS = 300.0
FIRST_LOOK_BACK = timedelta(days=28)
MOST_AT_ONCE = timedelta(days=7)
# What happens now is judged before it is learned.
NOT_YET_LEARNED = timedelta(hours=1)
JUDGED = 3
SIGMAS = 4.0
MAX_SERIES = 3000


def scan_hours(claim: Claim) -> Outcome:
    """Learn from the past that is not learned yet, then judge the last quarter of an hour."""
    now = database_now()
    weeks = {(w.resource, w.semantic): w for w in UsualHours.objects.all()[:MAX_SERIES]}
    _catch_up(default_sources(), weeks, now)
    look = look_at(MEANINGS, now=now, back=NOT_YET_LEARNED, step_seconds=STEP_SECONDS)
    drafts, judged = [], 0
    for series in look.series:
        found = _judge(series, weeks, now)
        if found is not None:
            judged += 1
            value, usual, away = found
            if abs(away) >= SIGMAS and (away > 0 or series.ref.semantic in BOTH_WAYS):
                drafts.append(_draft(series, value, usual, away, now, look))
    count = record_scan(ScanName.UNUSUAL_HOUR, drafts, is_whole=look.is_whole)
    return Outcome(
        f"{judged} of {len(look.series)} series have a usual level at this hour, {counted(count, 'finding')}."
    )


def _catch_up(
    sources: GuardedSources, weeks: dict[tuple[str, str], UsualHours], now: datetime
) -> None:
    """Learn the next week that holds anything."""
    start = min((w.learned_until for w in weeks.values()), default=now - FIRST_LOOK_BACK)
    start, last = max(start, now - FIRST_LOOK_BACK), now - NOT_YET_LEARNED
    while last - start >= timedelta(seconds=STEP_SECONDS):
        end = min(start + MOST_AT_ONCE, last)
        past = sources.metrics.read_semantic(
            [], MEANINGS, TimeWindow(start, end), step_seconds=STEP_SECONDS
        )
        needs_answer(past, "Metrics")
        _learn(past.data, weeks, start=start, end=end)
        if past.data:
            break
        start = end


def _learn(
    data: tuple[Series, ...], weeks: dict[tuple[str, str], UsualHours], *, start: datetime,
    end: datetime,
) -> None:  # fmt: skip
    for series in data[:MAX_SERIES]:
        if series.ref.peer is not None or series.ref.semantic is None:
            continue
        key = (str(series.ref.resource)[:200], str(series.ref.semantic))
        row = weeks.get(key) or UsualHours(
            resource=key[0], semantic=key[1], unit=series.ref.unit, learned_until=start,
            buckets=UsualWeek().buckets,
        )  # fmt: skip
        week = UsualWeek(row.buckets)
        is_new = series.times >= row.learned_until.timestamp()
        week.learn(series.times[is_new].tolist(), series.values[is_new].tolist())
        row.buckets, row.learned_until = week.buckets, end
        weeks[key] = row
    for row in weeks.values():
        row.learned_until = max(row.learned_until, end)
    UsualHours.objects.bulk_create(
        weeks.values(), update_conflicts=True, unique_fields=["resource", "semantic"],
        update_fields=["buckets", "learned_until", "unit"], batch_size=200,
    )  # fmt: skip


def _judge(
    series: Series, weeks: dict[tuple[str, str], UsualHours], now: datetime
) -> tuple[float, Usual, float] | None:
    """Return the latest level, what is usual now, and how many sigmas lie between; None if unknown."""
    row = weeks.get((str(series.ref.resource)[:200], str(series.ref.semantic)))
    known = sorted(series.values[-JUDGED:].tolist())
    if row is None or not known or series.ref.peer is not None:
        return None
    week, value = UsualWeek(row.buckets), known[len(known) // 2]
    usual, away = week.at(hour_of_week(now)), week.deviation(value, now)
    return None if usual is None or away is None else (value, usual, away)


def _draft(
    series: Series, value: float, usual: Usual, away: float, now: datetime, look: Look
) -> FindingDraft:
    unit, name = series.ref.unit, series.ref.resource.name
    what = str(series.ref.semantic).replace("_", " ")
    when = name_of_hour(hour_of_week(now))
    return look.draft(
        key=f"{series.ref.resource}/{series.ref.semantic}", resource=str(series.ref.resource),
        title=f"{what} of {name} is {'above' if away > 0 else 'below'} what is usual on {when}",
        advice="Look whether something began that nobody announced: a job, a campaign, a fault.",
        facts=(
            ("Now", quantity(value, unit)),
            ("Usual", f"{quantity(usual.mean, unit)} ± {quantity(usual.sigma, unit)}"),
            ("Away", f"{away:+.1f} sigmas"), ("Samples of this hour", str(usual.samples)),
        ),
        of=series,
    )  # fmt: skip
