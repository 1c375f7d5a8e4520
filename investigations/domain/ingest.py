"""Taking alerts in: a whole delivery in one transaction, with one lock and one doorbell a board.

The number of queries does not grow with the number of alerts, only with that of the incidents
that they touch: in a storm the board is written once per delivery.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from investigations.domain import grouping
from investigations.domain.alert_drafts import (
    AlertDraft,
    Key,
    opening_of,
    opening_sentence,
    row_of,
    sentence_of,
)
from investigations.domain.grouping import Group, Surroundings
from investigations.domain.incidents import (
    create_incident,
    record_incident,
    settle,
    tell_change,
)
from investigations.domain.journal import BoardWriter, writing
from investigations.domain.severity import (
    SeverityFacts,
    compute_severity,
    tells_of_data_loss,
)
from investigations.enums import AlertStatus, BoardEventKind, IncidentOrigin, IncidentState
from investigations.models import Alert, Incident, Investigation
from investigations.queries import objects
from investigations.queries.services import tiers_of

# An event carries whole objects; one of a thousand alerts would be too large a message.
EVENT_ALERTS = 200


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of an alert. ``is_repeat``: this delivery changed nothing."""

    incident: Incident
    investigation_id: int
    is_new_incident: bool
    is_repeat: bool


@dataclass(slots=True)
class _News:
    """What a delivery brings to one incident.

    ``opener``: it is opened by this draft. ``elsewhere``: changes in what was merged into it.
    """

    group: Group
    opener: AlertDraft | None = None
    joined: list[tuple[AlertDraft, Alert, int]] = field(default_factory=list)
    changed: dict[Key, Alert] = field(default_factory=dict)
    elsewhere: list[tuple[Incident, Alert]] = field(default_factory=list)


def ingest_alert(
    draft: AlertDraft,
    *,
    telemetry: dict[str, str],
    origin: IncidentOrigin = IncidentOrigin.ALERT,
) -> IngestResult | None:
    """Take one alert in. See :func:`ingest_alerts`."""
    return ingest_alerts([draft], telemetry=telemetry, origin=origin)[0]


def ingest_alerts(
    drafts: Sequence[AlertDraft],
    *,
    telemetry: dict[str, str],
    origin: IncidentOrigin = IncidentOrigin.ALERT,
) -> list[IngestResult | None]:
    """Record each alert: a repeat, an update, a new alert of an open incident, or a new incident.

    One transaction for all, so one that cannot be stored refuses all. A delivery is one moment:
    what fires in it is grouped before what ends in it settles. A resolved alert that was never seen
    firing is dropped (None). Idempotent by (source, fingerprint, starts_at). Emits
    ``incident_opened`` or ``incident_changed``, once per incident.
    """
    with transaction.atomic(durable=not transaction.get_connection().in_atomic_block):
        known, around = _known(drafts), Surroundings()
        if not all(_is_plain(draft, known.get(draft.key)) for draft in drafts):
            around = _around(drafts, known)
            # Whatever writes to boards does it one after the other: no two wait for each other.
            grouping.lock_grouping()
            # Another delivery of the same firing may have been first to the lock.
            known = _known(drafts)
        batch = _Batch(known, around, telemetry=telemetry, origin=origin)
        return batch.take(drafts)


def _known(drafts: Sequence[AlertDraft]) -> dict[Key, Alert]:
    newest = Investigation.objects.filter(incident=OuterRef("incident")).order_by("-pk")
    rows = (
        Alert.objects.filter(
            source__in={d.source for d in drafts}, fingerprint__in={d.fingerprint for d in drafts},
            starts_at__in={d.starts_at for d in drafts},
        )
        .select_related("incident__merged_into")
        .annotate(investigation_id=Subquery(newest.values("pk")[:1]))
    )  # fmt: skip
    return {(row.source, row.fingerprint, row.starts_at): row for row in rows}


def _fresh(drafts: Sequence[AlertDraft], known: dict[Key, Alert]) -> list[AlertDraft]:
    return [d for d in drafts if d.key not in known and d.status == AlertStatus.FIRING]


def _around(drafts: Sequence[AlertDraft], known: dict[Key, Alert]) -> Surroundings:
    return grouping.read_surroundings({d.resource for d in _fresh(drafts, known)})


def _is_plain(draft: AlertDraft, known: Alert | None) -> bool:
    """Whether an alert changes no board: it is known as it is, or never fired."""
    if known is None:
        return draft.status == AlertStatus.RESOLVED
    if draft.status == known.status == AlertStatus.FIRING:
        return True
    return (draft.status, draft.ends_at) == (known.status, known.ends_at)


class _Batch:
    """The alerts of one delivery, sorted to the incidents that they touch, then written."""

    def __init__(
        self, known: dict[Key, Alert], around: Surroundings, *, telemetry: dict[str, str],
        origin: IncidentOrigin,
    ) -> None:  # fmt: skip
        self._known = known
        self._telemetry = telemetry
        self._origin = origin
        self._again: Counter[int] = Counter()
        self._news: dict[int, _News] = {}
        self._places: dict[Key, Group] = {}
        self._there: dict[int, Group] = {}
        self._groups: list[Group] = []
        self._around = around

    def take(self, drafts: Sequence[AlertDraft]) -> list[IngestResult | None]:
        """Sort, write, and say of each what became of it."""
        fresh = _fresh(drafts, self._known)
        if fresh:
            near = {key for d in fresh for key in self._around.neighbourhood(d.resource)}
            self._groups = grouping.read_groups(near, {d.environment for d in fresh})
            self._there = {g.incident.pk: g for g in self._groups if g.incident is not None}
        told = [self._sort(draft) for draft in drafts]
        self._write()
        return [t and self._result(*t) for t in told]

    def _result(self, group: Group, is_new: bool, is_repeat: bool) -> IngestResult:
        if group.incident is None or group.investigation_id is None:
            raise AssertionError("A group is opened before it is told of.")
        return IngestResult(group.incident, group.investigation_id, is_new, is_repeat)

    def _sort(self, draft: AlertDraft) -> tuple[Group, bool, bool] | None:
        """Return where an alert goes, whether it opens that, and whether it is a mere repeat."""
        alert = self._known.get(draft.key)
        if alert is not None:
            return self._place_of(alert), False, not self._repeat(alert, draft)
        if draft.status == AlertStatus.RESOLVED:
            return None
        group = grouping.choose_group(
            self._groups, resource=draft.resource, starts_at=draft.starts_at,
            near=self._around.neighbourhood(draft.resource), environment=draft.environment,
        )  # fmt: skip
        is_new = group is None
        if group is None:
            group = Group(draft.environment, IncidentState.OPEN, {draft.resource}, set(),
                          draft.starts_at)  # fmt: skip
            self._groups.append(group)
            self._news[id(group)] = _News(group, opener=draft)
        group.add(draft.resource, draft.starts_at)
        alert = row_of(draft)
        self._known[draft.key] = alert
        self._places[draft.key] = group
        self._news_of(group).joined.append((draft, alert, len(group.alerting)))
        return group, is_new, False

    def _news_of(self, group: Group) -> _News:
        return self._news.setdefault(id(group), _News(group))

    def _place_of(self, alert: Alert) -> Group:
        key = (alert.source, alert.fingerprint, alert.starts_at)
        if key in self._places:
            return self._places[key]
        incident = alert.incident
        # One that was not read as open takes what it has, and no other alert.
        return self._there.setdefault(incident.pk, Group(
            incident.environment, incident.state, {incident.resource}, set(),
            incident.started_at, incident, getattr(alert, "investigation_id", None),
        ))  # fmt: skip

    def _repeat(self, alert: Alert, draft: AlertDraft) -> bool:
        """Count a delivery in, and take over what changed. Returns whether anything did."""
        if alert.pk is None:
            alert.deliveries += 1
        else:
            self._again[alert.pk] += 1
        if _is_plain(draft, alert):
            return False
        alert.status, alert.ends_at = draft.status, draft.ends_at
        if alert.pk is not None:
            self._news_of(self._place_of(alert)).changed[draft.key] = alert
        return True

    def _write(self) -> None:
        if len(self._again) > 1:
            # In one order, so that no two deliveries wait for each other's rows.
            rows = Alert.objects.filter(pk__in=self._again).order_by("pk").select_for_update()
            list(rows.values_list("pk"))
        for count in set(self._again.values()):
            again = [pk for pk, n in self._again.items() if n == count]
            Alert.objects.filter(pk__in=again).update(deliveries=F("deliveries") + count)
        changed = [alert for news in self._news.values() for alert in news.changed.values()]
        if changed:
            Alert.objects.bulk_update(changed, ["status", "ends_at"])
        with ExitStack() as boards:
            self._write_news(boards)

    def _write_news(self, boards: ExitStack) -> None:
        """Write to all boards. Those that are there are locked first, lowest first, then the audit."""
        self._follow_merged()
        there = [n for n in self._news.values() if n.group.investigation_id is not None]
        there.sort(key=lambda n: n.group.investigation_id or 0)
        open_boards = [(n, boards.enter_context(_board(n.group))) for n in there]
        for news in self._news.values():
            if news.opener is not None:
                self._open(news.group, news.opener)
                open_boards.append((news, boards.enter_context(_board(news.group))))
        for news, board in open_boards:
            for _, alert, _ in news.joined:
                alert.incident = board.investigation.incident
            news.group.incident = board.investigation.incident
        Alert.objects.bulk_create(a for n in self._news.values() for _, a, _ in n.joined)
        for news, board in open_boards:
            self._tell(news, board)

    def _follow_merged(self) -> None:
        """Tell also the incident into which one was merged what changed in that."""
        for news in list(self._news.values()):
            incident = news.group.incident
            if incident is None or incident.merged_into is None:
                continue
            into = incident.merged_into
            group = self._there.get(into.pk) or Group(
                into.environment, into.state, {into.resource}, set(), into.started_at, into,
                into.investigations.order_by("-pk").values_list("pk", flat=True)[0],
            )  # fmt: skip
            self._there[into.pk] = group
            self._news_of(group).elsewhere += [(incident, a) for a in news.changed.values()]

    def _open(self, group: Group, draft: AlertDraft) -> None:
        opened = opening_of(draft, telemetry=self._telemetry, origin=self._origin)
        group.incident, investigation = create_incident(opened, user=None, value=draft.value)
        group.investigation_id = investigation.pk

    def _tell(self, news: _News, board: BoardWriter) -> None:
        rest = news.joined
        if news.opener is not None:
            first = rest[0][1]
            _record(board, [first], opening_sentence(first, now=board.now))
            rest = rest[1:]
        _record_many(board, [alert for _, alert, _ in rest], how="joined")
        _record_many(board, list(news.changed.values()), how="")
        if rest:
            self._grade(board, rest)
        for incident, alert in news.elsewhere:
            _record(board, [], f"{sentence_of([alert], how='')}, in {incident}")
        changed = [*news.changed.values(), *(a for _, a in news.elsewhere)]
        if rest or changed:
            self._settle(board, [*(a for _, a, _ in rest), *changed])
            tell_change(board.investigation.pk)

    def _settle(self, board: BoardWriter, changed: list[Alert]) -> None:
        is_firing = any(alert.status == AlertStatus.FIRING for alert in changed)
        settle(board, is_firing=is_firing or None)

    def _grade(self, board: BoardWriter, joined: list[tuple[AlertDraft, Alert, int]]) -> None:
        """Raise the severity when a joined alert calls for it; it never falls by itself."""
        incident = board.investigation.incident
        tiers = tiers_of(draft.resource for draft, _, _ in joined)
        severity, reasons = min(
            (
                compute_severity(
                    SeverityFacts(
                        label=draft.severity_label, affected_count=affected,
                        is_user_facing=self._around.is_user_facing(draft.resource),
                        semantic=draft.semantic, value=draft.value,
                        tier=tiers.get(draft.resource, ""),
                        is_data_lost=tells_of_data_loss(draft.name, draft.summary),
                    )
                )
                for draft, _, affected in joined
            ),
            key=lambda found: found[0],
        )  # fmt: skip
        if severity < incident.severity:
            incident.severity, incident.severity_reasons = severity, reasons
            incident.save(update_fields=["severity", "severity_reasons"])
            record_incident(board, f"Severity raised to {severity.label}")


def _board(group: Group) -> AbstractContextManager[BoardWriter]:
    if group.investigation_id is None:
        raise AssertionError("A board is there once its incident is.")
    return writing(group.investigation_id)


def _record(board: BoardWriter, alerts: list[Alert], sentence: str) -> None:
    board.record(
        BoardEventKind.ALERT_CHANGED,
        author="system",
        sentence=sentence,
        upsert={"alerts": {str(a.pk): objects.alert_object(a) for a in alerts}},
    )


def _record_many(board: BoardWriter, alerts: list[Alert], *, how: str) -> None:
    """Put alerts on the board: one line for all, whatever their number."""
    for first in range(0, len(alerts), EVENT_ALERTS):
        some = alerts[first : first + EVENT_ALERTS]
        _record(board, some, sentence_of(some, how=how))
