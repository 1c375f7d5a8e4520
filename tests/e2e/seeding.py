"""What acceptance checks put into a running stack's own database, by the product's functions.

Runs inside the stack: ``manage.py shell -c "from tests.e2e import seeding; ..."``.
"""

import hashlib
import time
from datetime import timedelta

from channels.layers import get_channel_layer

from investigations.domain import hypotheses
from investigations.domain.board import EvidenceDraft, post_evidence, write_entry
from investigations.domain.clock import database_now
from investigations.domain.journal import writing
from investigations.enums import EntryKind, EvidenceKind, HypothesisState, TestVerdict
from investigations.models import BoardEntry, BoardEvent, Investigation
from remediation.domain.digests import digest_of_action
from remediation.domain.transitions import summary_of
from remediation.models import Action, KillSwitch
from sre_workspace.bench.cards import fill_up, post_cards
from tests.e2e.corpus import HOSTILE

SYSTEM = "agent/remediation"
RECONCILER = "agent/reconciler"


def fill(incident: int, count: int) -> None:
    """Post evidence until the board holds ``count`` pieces."""
    fill_up(incident, count)


def propose_rivals(incident: int) -> None:
    """Propose two more causes that the evidence speaks against: a phone folds them away."""
    investigation = Investigation.objects.get(incident_id=incident)
    weighed = list(investigation.evidence.order_by("number")[:2])
    for claim in ("Lookups of names fail", "A node is out of memory"):
        row = hypotheses.propose_hypothesis(
            investigation_id=investigation.pk, claim=claim, author=RECONCILER
        )
        drafts = [
            hypotheses.StanceDraft(e.pk, row.pk, -4.0, "latency_rise/absent") for e in weighed
        ]
        hypotheses.record_stances(
            investigation_id=investigation.pk, author=RECONCILER, drafts=drafts
        )
        hypotheses.record_assessments(
            investigation_id=investigation.pk, author=RECONCILER,
            assessments=[hypotheses.Assessment(row.pk, HypothesisState.OPEN,
                                               TestVerdict.INCONCLUSIVE, None, 0.02)],
        )  # fmt: skip


def post_hostile(incident: int) -> None:
    """Post each string of the corpus as a claim, a query, a source and log lines of evidence."""
    investigation = Investigation.objects.get(incident_id=incident)
    now = database_now()
    for index, text in enumerate(HOSTILE):
        draft = EvidenceDraft(
            kind=EvidenceKind.LOG, claim=f"A line says {text}"[:480], resource="service/orders",
            window_start=now - timedelta(minutes=5), window_end=now, source=text[:60],
            query=f'{{app="{text}"}}'[:900], ingestion_path="hostile", is_tainted=True,
            result_digest=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(),
            sample={"lines": [text]}, source_link=text[:180],
        )  # fmt: skip
        post_evidence(investigation_id=investigation.pk, draft=draft, author="agent/network",
                      step_key=f"hostile/{index}")  # fmt: skip


def propose_like(
    incident: int, *, risk: str = "yellow", expired: bool = False, title: str = "Roll back again"
) -> int:
    """Propose a copy of the incident's first action on another target; return its number."""
    first = Action.objects.filter(investigation__incident_id=incident).order_by("number").first()
    assert first is not None
    now = database_now()
    with writing(first.investigation_id) as board:
        number = Action.objects.filter(investigation_id=first.investigation_id).count() + 1
        copy = Action.objects.get(pk=first.pk)
        copy.pk, copy.number, copy.state, copy.result = None, number, "proposed", ""
        copy.risk, copy.title = risk, title
        copy.target, copy.target_uid = f"service/other-{number}", f"uid-{number}"
        copy.payload = {**first.payload, "workload": f"other-{number}"}
        copy.approvals_needed = 2 if risk == "red" else 1
        copy.proposed_at, copy.ended_at, copy.execution_expires_at = now, None, None
        copy.approval_expires_at = now + timedelta(seconds=-1 if expired else 1800)
        copy.digest = digest_of_action(copy)
        copy.save()
        write_entry(board, kind=EntryKind.ACTION, key=str(copy), data=summary_of(copy),
                    author=SYSTEM, sentence=f"{copy} proposed: {copy.title}")  # fmt: skip
    return number


def set_aside(incident: int, number: int) -> str:
    """Let no other action of an incident wait; return the numbers of those that did."""
    others = Action.objects.filter(
        investigation__incident_id=incident, state="proposed"
    ).exclude(number=number)  # fmt: skip
    numbers = [str(n) for n in others.values_list("number", flat=True)]
    others.update(state="expired")
    return ",".join(numbers)


def calm(incident: int) -> int:
    """End what is under way, as if it had expired; return how many: a check looks at what waits."""
    busy = ["approved", "running", "unknown", "verifying", "undoing"]
    rows = Action.objects.filter(investigation__incident_id=incident, state__in=busy)
    count = rows.update(state="expired")
    for entry in BoardEntry.objects.filter(
        investigation__incident_id=incident, kind=EntryKind.ACTION, data__state__in=busy
    ):
        entry.data["state"] = "expired"
        entry.save(update_fields=["data"])
    return count


def put_back(incident: int, numbers: str) -> int:
    """Let actions that were set aside wait again; return how many."""
    rows = Action.objects.filter(investigation__incident_id=incident, state="expired")
    return rows.filter(number__in=[int(n) for n in numbers.split(",") if n]).update(
        state="proposed"
    )


def propose_heard(incident: int) -> int:
    """Propose as :func:`propose_like`, and live until the doorbell's thread has rung."""
    number = propose_like(incident)
    time.sleep(0.5)
    return number


def change_plan(incident: int, number: int) -> None:
    """Change what an action would run, as nothing in the product does: its digest no longer fits."""
    rows = Action.objects.filter(investigation__incident_id=incident, number=number)
    rows.update(command="rollout undo deployment/else --to-revision=1")


def post(incident: int, count: int) -> int:
    """Post more cards; return how many."""
    post_cards(incident, count)
    return count


def post_unheard(incident: int, count: int) -> int:
    """Post cards while every fifth bell, and the last, is lost in the channel layer."""
    layer = get_channel_layer()
    assert layer is not None
    ring, rung = layer.group_send, iter(range(1, 10_000))

    async def lossy(group: str, message: dict[str, object]) -> None:
        if next(rung) % 5 and message["sequence"] != last:
            await ring(group, message)

    last = BoardEvent.objects.filter(investigation__incident_id=incident).count() + count
    layer.group_send = lossy
    post_cards(incident, count, pause_seconds=0.05)
    return count


def newest() -> int:
    """Return the number of the newest incident."""
    return Investigation.objects.order_by("-incident_id").values_list("incident_id", flat=True)[0]


def approvals(incident: int, number: int) -> int:
    """Return how many decisions an action has."""
    action = Action.objects.get(investigation__incident_id=incident, number=number)
    return action.approvals.count()


def stop_all() -> None:
    """Engage the global stop."""
    KillSwitch.objects.filter(scope="global").update(is_engaged=True, reason="a test of the stop")


def go_on() -> None:
    """Release the global stop."""
    KillSwitch.objects.filter(scope="global").update(is_engaged=False)
