"""Challenges of a card: by the agents themselves, of what decides, and because a person asked."""

from collections.abc import Iterator
from datetime import datetime

from agents.domain.casework import Casework, round_of, says_the_same
from agents.domain.people import RECONCILER, challenged_card, waiting
from agents.domain.posting import finding_of, post_finding
from agents.engine import challengers, held
from agents.enums import Presence
from agents.findings import Finding
from agents.models import WorkItem
from agents.specialists.registry import REGISTRY
from investigations.domain import runs
from investigations.domain.clock import database_now
from investigations.domain.crash import crash_at
from investigations.domain.journal import Fence
from investigations.enums import SteeringState
from investigations.models import Evidence, SteeringMessage

NOBODY = "Nobody can re-check {card} by another query{why}. It stands as it was found, unconfirmed."


def recheck(item: WorkItem, work: Casework, card: Evidence, fence: Fence) -> bool:
    """Let another specialist re-check a card, again in a later round if it was not borne out.

    Returns whether it has been re-checked. The same answer is not posted twice.
    """
    earlier = card.challenged_by.order_by("-number").first()
    known = finding_of(earlier) if earlier else None
    finding = finding_of(card)
    if earlier and (round_of(earlier) == item.round or known is None or held(finding, known)):
        return True
    if finding is None:
        return False
    for name in challengers(finding):
        if name.value in item.investigation.paused_agents:
            continue
        answer = REGISTRY[name].challenge(work.case, finding)
        if answer is not None:
            if known is None or not says_the_same(known, answer):
                post_finding(item.investigation, answer, fence=fence, challenges_id=card.pk,
                             prefix=f"r{item.round}/c/E{card.number}/")  # fmt: skip
            crash_at("after_challenge")
            return True
    return False


def challenged_of(work: Casework) -> dict[int, bool]:
    """Return, by index of a finding, whether it survived its newest challenge."""
    answers = Evidence.objects.filter(
        investigation=work.investigation, challenges__isnull=False
    ).order_by("number")
    outcome: dict[int, bool] = {}
    places = {e.pk: i for i, e in enumerate(work.evidence)}
    for row in answers:
        index, answer = places.get(row.challenges_id or 0), finding_of(row)
        if index is not None and answer is not None:
            outcome[index] = held(work.findings[index], answer)
    return outcome


def answer_challenges(item: WorkItem, work: Casework, fence: Fence) -> None:
    """Re-check what people challenged by queries of this step, each card once, and tell who asked.

    What was posted before a challenge never answers it; who asks meanwhile is answered in another
    round. Each card costs a few queries, and what several of them ask is asked once.
    """
    asked: dict[str, list[SteeringMessage]] = {}
    for message in waiting(item.investigation, challenges=True):
        asked.setdefault(message.subject, []).append(message)
    for messages in asked.values():
        to, reply = _answer(item, work, messages[-1], fence)
        for message in messages:
            runs.answer_steering(
                message_id=message.pk, to=to, reply=reply, author=RECONCILER, fence=fence
            )


def _answer(
    item: WorkItem, work: Casework, message: SteeringMessage, fence: Fence
) -> tuple[SteeringState, str]:
    card = challenged_card(message)
    claim = finding_of(card) if card else None
    if card is None or claim is None:
        return SteeringState.DECLINED, NOBODY.format(card=message.subject, why="")
    prefix = f"r{item.round}/p/S{message.number}/E{card.number}/"
    # After a crash the step is done again: its answer may be there.
    row = card.challenged_by.filter(step_key__startswith=prefix).first()
    if row is None:
        answer, why = _ask_anew(item, work, claim)
        if answer is None:
            return SteeringState.DECLINED, NOBODY.format(card=message.subject, why=why)
        row = post_finding(item.investigation, answer, fence=fence, challenges_id=card.pk,
                           prefix=prefix)  # fmt: skip
        crash_at("after_challenge")
    who = row.author.removeprefix("agent/")
    return SteeringState.ACTED, f"Re-checked by {who}, E{row.number}: {row.claim}"


def _ask_anew(item: WorkItem, work: Casework, claim: Finding) -> tuple[Finding | None, str]:
    """Return what a re-check found, or nothing and why.

    The claim itself, read again by another specialist, goes before other signs of the same. That a
    sign is not there tells less than that it is: it counts if nothing else could be asked.
    """
    missed, why = None, ""
    for answer in _answers(item, work, claim):
        if answer.presence is Presence.UNKNOWN:
            why = why or f": {answer.claim.rstrip('.')}"
        elif answer.feature == claim.feature or answer.presence is claim.presence:
            return answer, ""
        else:
            missed = missed or answer
    return missed, why


def _answers(item: WorkItem, work: Casework, claim: Finding) -> Iterator[Finding]:
    until = _known_until(item, work)
    names = [n for n in challengers(claim) if n.value not in item.investigation.paused_agents]
    for name in names:
        if name is not claim.agent:
            reread = REGISTRY[name].reread(work.case, claim, until=until)
            if reread is not None:
                yield reread
                break
    for name in names:
        answer = REGISTRY[name].challenge(work.case, claim)
        if answer is not None:
            yield answer


def _known_until(item: WorkItem, work: Casework) -> datetime:
    """Return up to when the sources can tell: of a recording the end of its window, else now."""
    if item.investigation.telemetry.get("kind") == "recorded":
        return work.case.window.end
    return max(work.case.window.end, database_now())
