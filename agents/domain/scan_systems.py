"""Scans of the connected systems: drift of settings, replicas without a load, bounds that are passed."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils.crypto import salted_hmac

from agents.domain.scan_looks import Look, default_sources, look_at, needs_answer
from agents.models import SeenSettings
from agents.scans.config_drift import (
    Drift,
    changed_settings,
    is_explained,
    other_images,
    seen_of,
)
from agents.scans.cost import Waste, find_waste
from agents.scans.triggers import Trigger, find_triggers
from investigations.domain.clock import database_now
from investigations.domain.grouping import OPEN_STATES
from investigations.domain.periodic import Claim, Outcome
from investigations.domain.scan_findings import FindingDraft, record_scan
from investigations.enums import HypothesisState
from investigations.models import Alert, Hypothesis, Incident, ScanName
from telemetry.backends import open_sources
from telemetry.phrasing import counted
from telemetry.results import ResultStatus
from telemetry.types import Semantic, TimeWindow, utc

COST_LOOK_BACK, COST_STEP_SECONDS = timedelta(hours=6), 120.0
TRIGGER_LOOK_BACK, TRIGGER_STEP_SECONDS = timedelta(minutes=60), 30.0
FIRST_LOOK_BACK = timedelta(hours=24)
COSTLY = (Semantic.REPLICAS_READY, Semantic.REQUEST_RATE)
WATCHED = (
    Semantic.MEMORY_WORKING_SET_BYTES, Semantic.MEMORY_LIMIT_BYTES, Semantic.LATENCY_P99_SECONDS,
    Semantic.REQUEST_RATE, Semantic.ERROR_RATIO, Semantic.DISK_USED_RATIO,
    Semantic.CERTIFICATE_EXPIRY_SECONDS,
)  # fmt: skip


def scan_drift(claim: Claim) -> Outcome:
    """Compare the settings of every workload with those seen before, and with what was told of it."""
    connected = open_sources(settings.TELEMETRY_DEFAULT)
    if connected.cluster is None or connected.changes is None:
        return Outcome(
            "No cluster with a feed of changes is connected: there is nothing to compare."
        )
    sources, now = default_sources(), database_now()
    window = TimeWindow(now - timedelta(minutes=5), now)
    cluster = sources.cluster.state([], window)
    needs_answer(cluster, "Cluster state")
    known = {row.resource: row for row in SeenSettings.objects.all()[:5000]}
    since = min((row.seen_at for row in known.values()), default=now - FIRST_LOOK_BACK)
    changes = sources.changes.changes([], TimeWindow(min(since, now - FIRST_LOOK_BACK), now))
    needs_answer(changes, "Changes")
    drifts = other_images(cluster.data, now=now)
    for workload in cluster.data.workloads:
        row = known.get(str(workload.resource))
        seen = seen_of(workload, digest=_digest)
        found = changed_settings(workload.resource, row.settings, seen) if row else []
        if row and found and not is_explained(workload.resource, changes.data, since=row.seen_at):
            drifts += found
        else:
            SeenSettings.objects.update_or_create(
                resource=str(workload.resource)[:200], defaults={"settings": seen, "seen_at": now}
            )
    look = Look(window, cluster.provenance, cluster.status is ResultStatus.OK)
    drafts = [_drift_draft(d, look) for d in drifts]
    count = record_scan(ScanName.CONFIG_DRIFT, drafts, is_whole=look.is_whole)
    return Outcome(
        f"{counted(len(cluster.data.workloads), 'workload')} looked at, {counted(count, 'finding')}."
    )


def _digest(value: str) -> str:
    return salted_hmac("agents.scan_systems", value, algorithm="sha256").hexdigest()


def _drift_draft(drift: Drift, look: Look) -> FindingDraft:
    name = drift.resource.name
    is_image = drift.what == "image"
    title = (
        f"A pod of {name} runs another image than {name} declares" if is_image
        else f"{drift.what} of {name} was changed, and no feed told of it"
    )  # fmt: skip
    labels = ("Declared", "Running") if is_image else ("Was", "Is")
    return look.draft(
        key=f"{drift.resource}/{drift.what}", resource=str(drift.resource), title=title,
        advice="Find who changed it by hand, and put it into the declared state, or take it back.",
        facts=((labels[0], drift.was), (labels[1], drift.now)),
    )  # fmt: skip


def scan_cost(claim: Claim) -> Outcome:
    """Look for replicas that were added and stayed without a load for them."""
    look = look_at(COSTLY, now=database_now(), back=COST_LOOK_BACK, step_seconds=COST_STEP_SECONDS)
    drafts = [_waste_draft(w, look) for w in find_waste(look.series)]
    count = record_scan(ScanName.COST, drafts, is_whole=look.is_whole)
    return Outcome(f"{len(look.series)} series of 6 h looked at, {counted(count, 'finding')}.")


def _waste_draft(waste: Waste, look: Look) -> FindingDraft:
    name, since = waste.resource.name, utc(waste.since)
    return look.draft(
        key=str(waste.resource), resource=str(waste.resource),
        title=f"{name} has run {waste.now:.0f} replicas since {since:%H:%MZ}, its load is as before",
        advice="Scale it back if the reason for them is over.",
        facts=(
            ("Before", f"{waste.before:.0f} replicas"), ("Now", f"{waste.now:.0f} replicas"),
            ("Load", f"{waste.load_growth:+.0%}"),
            ("Costs more", f"{waste.replica_hours_a_day:.0f} replica hours a day"),
        ),
        of=waste.series,
    )  # fmt: skip


def scan_triggers(claim: Claim) -> Outcome:
    """Look for bounds that are passed where no incident is open."""
    look = look_at(
        WATCHED, now=database_now(), back=TRIGGER_LOOK_BACK, step_seconds=TRIGGER_STEP_SECONDS
    )
    busy = _with_open_incident()
    found = [t for t in find_triggers(look.series) if str(t.resource) not in busy]
    count = record_scan(
        ScanName.TRIGGERS, [_trigger_draft(t, look) for t in found], is_whole=look.is_whole
    )
    return Outcome(f"{len(look.series)} series of an hour looked at, {counted(count, 'finding')}.")


def _with_open_incident() -> set[str]:
    incidents = Incident.objects.filter(state__in=OPEN_STATES)
    alerts = Alert.objects.filter(
        Q(incident__in=incidents) | Q(incident__merged_into__in=incidents)
    )
    blamed = Hypothesis.objects.filter(
        investigation__incident__in=incidents, state=HypothesisState.LEADING
    )
    return {*incidents.values_list("resource", flat=True)[:500],
            *blamed.values_list("resource", flat=True).distinct()[:500],
            *alerts.values_list("resource", flat=True).distinct()[:2000]}  # fmt: skip


def _trigger_draft(trigger: Trigger, look: Look) -> FindingDraft:
    return look.draft(
        key=f"{trigger.category}/{trigger.resource}", resource=str(trigger.resource),
        title=trigger.title, advice="No open incident is about it.",
        facts=(("Category", trigger.category), ("Now", trigger.value), ("Bound", trigger.bound)),
        of=trigger.series,
    )  # fmt: skip
