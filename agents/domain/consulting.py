"""The steps that ask a language model, beside the phases of a round: no verdict waits for them.

CONSULT begins when the rules have proposed; its causes are posted when the round is over, and begin
another one in which the rules test them, as they do with a person's. SUMMARISE begins when the run
has concluded. Whatever fails here leaves the rules' result as it is, and says so on the log.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings

from agents.domain import ledger
from agents.domain.casework import Casework, open_case, parse_resource
from agents.domain.ledger import ALONE, MODEL, Result
from agents.domain.phases import DOING, create_items
from agents.domain.posting import set_status
from agents.domain.rounds import reenter
from agents.enums import ASIDE, AgentName, CallOutcome, WorkKind, WorkState
from agents.errors import NotNow
from agents.faults.registry import FAULTS
from agents.llm.asking import GaveUp, ask
from agents.llm.configured import configured_provider, get_chat_model
from agents.llm.ports import ChatModel, ChatRequest, ModelError, Usage
from agents.llm.roles.propose import Lists, propose_request, read_proposals
from agents.llm.roles.summarise import read_summary, summary_request
from agents.models import ModelCall, WorkItem
from agents.reconciler.propose import nearest_change, propose
from investigations.domain import hypotheses
from investigations.domain.board import write_entry
from investigations.domain.clock import ClockTimestamp, database_now
from investigations.domain.crash import crash_at
from investigations.domain.journal import Fence, writing
from investigations.enums import EntryKind, InvestigationState
from investigations.models import Diagnosis, Evidence, Investigation
from telemetry.types import ResourceRef

PROPOSE, SUMMARISE = "propose", "summarise"
OPEN = (WorkState.PENDING.value, WorkState.LEASED.value)
# Questions in flight in one process: a slow provider must not hold every thread of a worker.
SLOTS = threading.BoundedSemaphore(2)
BUSY_SECONDS = 3.0
# An answer that comes later than this after the end of a run begins no further round.
TOO_LATE = timedelta(minutes=10)
MAX_EVIDENCE = 80
ENDED = (InvestigationState.STOPPED, InvestigationState.FAILED)
Checked = dict[str, object]


def begin_consult(investigation: Investigation) -> None:
    """Create the step that asks for causes, in a round that looked at telemetry. Idempotent."""
    gathers = investigation.work_items.filter(round=investigation.round, kind=WorkKind.GATHER.value)
    if configured_provider() and gathers.exists():
        create_items(
            investigation, WorkKind.CONSULT, [AgentName.MODEL], round_number=investigation.round
        )


def begin_summary(investigation: Investigation) -> None:
    """Create the step that writes the summary, once the run has concluded. Idempotent.

    While a question for causes is open it may begin another round: the summary waits for it.
    """
    if not configured_provider() or investigation.state != InvestigationState.CONCLUDED:
        return
    if investigation.work_items.filter(kind=WorkKind.CONSULT.value, state__in=OPEN).exists():
        return
    create_items(
        investigation, WorkKind.SUMMARISE, [AgentName.MODEL], round_number=investigation.round
    )


def consult(item: WorkItem, fence: Fence) -> None:
    """Ask for causes, keep the answer, and post it as soon as the round is over."""
    lists, request = _consultation(item)

    def parse(text: str) -> Checked:
        found = read_proposals(text, lists)
        return {
            "proposals": [
                {"resource": str(p.resource), "fault_class": p.fault_class, "why": p.why}
                for p in found.kept
            ],
            "dropped": found.dropped,
        }

    call = _question(item, fence, role=PROPOSE, request=request, parse=parse)
    crash_at("after_consult")
    if call is not None:
        post_proposals(item.investigation_id)
        crash_at("after_proposals")
        _go_on(item.investigation_id)
    item.result = {"outcome": call.outcome if call else "no model"}


def summarise(item: WorkItem, fence: Fence) -> None:
    """Ask for a summary of the newest diagnosis, and put what passes the check beside it."""
    diagnosis = item.investigation.diagnoses.order_by("-number").first()
    if diagnosis is None:
        return
    shown = _shown_evidence(diagnosis)
    numbers = frozenset(shown)

    def parse(text: str) -> Checked:
        found = read_summary(text, numbers)
        return {
            "sentences": [
                {"text": s.text, "evidence": list(s.evidence)} for s in found.sentences
            ],
            "dropped": found.dropped,
        }  # fmt: skip

    request = summary_request(_verdict_lines(diagnosis), shown)
    call = _question(item, fence, role=SUMMARISE, request=request, parse=parse)
    crash_at("after_summarise")
    if call is not None and call.outcome == CallOutcome.OK:
        _post_summary(diagnosis, call, fence)
    item.result = {"outcome": call.outcome if call else "no model"}


def give_up(item: WorkItem, reason: str) -> None:
    """Say that a step with the model failed for good; the run goes on without it."""
    ledger.note_failure(item, reason)
    with writing(item.investigation_id) as board:
        begin_summary(board.investigation)


def post_proposals(investigation_id: int) -> bool:
    """Put the model's causes on the board, once, unless a round is going on. Returns if it did.

    They enter as anybody's hypothesis does: untested, and only with a claim of the fault model. In
    the middle of a round they would be weighed without having been examined.
    """
    if not _waiting(investigation_id):
        return False
    with writing(investigation_id) as board:
        row = board.investigation
        waiting = _waiting(investigation_id)
        if not waiting or _is_under_way(row):
            return False
        ModelCall.objects.filter(pk__in=[c.pk for c in waiting]).update(used_at=ClockTimestamp())
        if row.ended_at is not None and board.now - row.ended_at > TOO_LATE:
            return False
        work = open_case(row)
        work.load()
        for call in waiting:
            proposals = call.answer.get("proposals")
            for proposal in proposals if isinstance(proposals, list) else []:
                _propose(row.pk, proposal, work)
    return True


def _waiting(investigation_id: int) -> list[ModelCall]:
    """Return answers that named causes and have not gone to the board."""
    rows = ModelCall.objects.filter(investigation_id=investigation_id, role=PROPOSE)
    return list(rows.filter(outcome=CallOutcome.OK.value, used_at=None))


def _go_on(investigation_id: int) -> None:
    """Let the rules test what is untested; a run that was stopped meanwhile stays stopped."""
    state = Investigation.objects.values_list("state", flat=True).get(pk=investigation_id)
    if state not in ENDED:
        reenter(investigation_id)


def _is_under_way(row: Investigation) -> bool:
    """Whether a round has begun and is not weighed yet, or the run was stopped."""
    if row.state in ENDED:
        return True
    items = row.work_items.exclude(kind__in=ASIDE)
    is_weighed = items.filter(round=row.round, kind=WorkKind.RECONCILE.value).exists()
    return items.filter(state__in=OPEN).exists() or not is_weighed


def _propose(investigation_id: int, proposal: dict[str, str], work: Casework) -> None:
    resource = parse_resource(proposal["resource"])
    model = FAULTS.get(proposal["fault_class"])
    if model is None or (model.kinds and resource.kind not in model.kinds):
        return
    hypotheses.propose_hypothesis(
        investigation_id=investigation_id,
        claim=model.claim_at(resource.name),
        author=MODEL,
        resource=str(resource),
        fault_class=model.slug,
        change_id=_change_of(resource, model.slug, work),
        note=f"The model's reason: {proposal['why']}" if proposal["why"] else "",
    )


def _change_of(resource: ResourceRef, fault_class: str, work: Casework) -> str:
    """Return the change that the rules would blame for this cause: the model names none."""
    for candidate in propose(work.findings, work.case, limit=1000):
        cause = candidate.cause
        if (cause.resource, cause.fault_class) == (resource, fault_class):
            return cause.change_id
    return nearest_change(work.findings, resource)


def _consultation(item: WorkItem) -> tuple[Lists, ChatRequest]:
    work = open_case(item.investigation)
    work.load()
    symptom = work.case.symptoms[0]
    resources = (*work.case.affected, *work.case.graph.resources, symptom.resource)
    lists = Lists.of(resources, {slug: model.title for slug, model in FAULTS.items()})
    known = [
        f"{h.fault_class or 'claim in words'} at {h.resource or 'no resource'}: {h.claim}"
        for h in item.investigation.hypotheses.all()[:30]
    ]
    return lists, propose_request(symptom, work.findings, known, lists)


def _shown_evidence(diagnosis: Diagnosis) -> dict[int, str]:
    """Return claims by evidence number: what the diagnosis cites first, then the rest, in order."""
    rows = Evidence.objects.filter(investigation_id=diagnosis.investigation_id).order_by("number")
    claims = dict(rows.values_list("number", "claim"))
    first = [n for n in diagnosis.cited if n in claims]
    order = list(dict.fromkeys([*first, *claims]))[:MAX_EVIDENCE]
    return {number: claims[number] for number in order}


def _verdict_lines(diagnosis: Diagnosis) -> list[str]:
    lines = [f"Verdict: {diagnosis.get_verdict_display()}", diagnosis.summary, diagnosis.happening]
    if diagnosis.hypothesis is not None:
        lines.append(f"Cause: {diagnosis.hypothesis.claim}")
    lines += [f"Not known: {gap.get('text', '')}" for gap in diagnosis.gaps[:5]]
    return [line for line in lines if line]


def _post_summary(diagnosis: Diagnosis, call: ModelCall, fence: Fence) -> None:
    with writing(diagnosis.investigation_id, fence=fence) as board:
        ModelCall.objects.filter(pk=call.pk, used_at=None).update(used_at=ClockTimestamp())
        write_entry(
            board, kind=EntryKind.MODEL_SUMMARY, key=f"D{diagnosis.number}", author=MODEL,
            data={"diagnosis": diagnosis.number, "model": call.model, "provider": call.provider,
                  "sentences": call.answer.get("sentences", []),
                  "dropped": call.answer.get("dropped", 0)},
            sentence=f"Summary by {call.model} of D{diagnosis.number}",
        )  # fmt: skip


@contextmanager
def _slot() -> Iterator[None]:
    if not SLOTS.acquire(blocking=False):
        raise NotNow("Other questions to the model are under way.")
    try:
        yield
    finally:
        SLOTS.release()


def _question(
    item: WorkItem, fence: Fence, *, role: str, request: ChatRequest,
    parse: Callable[[str], Checked],
) -> ModelCall | None:  # fmt: skip
    """Ask once per step, whatever the attempt. No transaction is open while the model answers.

    Raises:
        NotNow: Enough questions are in flight in this process.
    """
    known = ledger.stored(item)
    if known is not None:
        return known
    with _slot():
        try:
            model = get_chat_model()
        except ModelError as error:
            ledger.note_failure(item, str(error))
            return None
        if model is None:
            return None
        set_status(
            item.investigation_id, AgentName.MODEL, state="querying",
            step=DOING[WorkKind(item.kind)], since=database_now().isoformat(), fence=fence,
        )  # fmt: skip
        call = ledger.begin(item, role=role, model=model, request=request, fence=fence)
        crash_at("after_asked")
        if call.outcome == CallOutcome.SKIPPED:
            return call
        result = _answer(model, call, request, parse)
    return ledger.close(call, result, fence=fence)


def _answer(
    model: ChatModel, call: ModelCall, request: ChatRequest, parse: Callable[[str], Checked]
) -> Result:
    began = time.monotonic()
    request = request.within(settings.LLM_DEADLINE_SECONDS)
    try:
        answer = ask(model, request, parse, allowance_tokens=call.reserved_tokens)
    except GaveUp as error:
        did = "did not answer" if error.is_unavailable else "gave no usable answer"
        return Result(
            CallOutcome.DEGRADED, f"The language model {did}: {error}. {ALONE}",
            error.usage or Usage(), time.monotonic() - began,
            {"is_unavailable": error.is_unavailable},
        )  # fmt: skip
    usage = Usage(answer.input_tokens, answer.output_tokens)
    outcome, did = _said(call.role, answer.value)
    return Result(
        outcome, f"{did} ({answer.input_tokens:,} tokens in, {answer.output_tokens:,} out).",
        usage, time.monotonic() - began, answer.value, answer.model,
    )  # fmt: skip


def _said(role: str, value: Checked) -> tuple[CallOutcome, str]:
    """Return how an answer that could be read counts, and what it brought, in words."""
    kept = value["proposals"] if role == PROPOSE else value["sentences"]
    count = len(kept) if isinstance(kept, list) else 0
    dropped = f", {value['dropped']} left out by the check" if value["dropped"] else ""
    if role == PROPOSE:
        causes = "1 cause" if count == 1 else f"{count} causes"
        return CallOutcome.OK, f"The language model named {causes} to test{dropped}"
    if not count:
        return CallOutcome.DEGRADED, (
            "The language model's summary did not pass the check of its citations; the rules' "
            f"summary stands alone{dropped}"
        )
    sentences = "1 sentence" if count == 1 else f"{count} sentences"
    return CallOutcome.OK, f"The language model wrote a summary of {sentences}{dropped}"
