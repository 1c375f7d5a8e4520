"""What a language model did, for the room and the log: beside the rules' result, never in it."""

from dataclasses import dataclass
from datetime import datetime

from investigations.enums import EntryKind
from investigations.models import BoardEntry, Diagnosis, Investigation


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """A model's summary of one diagnosis: ``(text, cited evidence numbers)`` per sentence."""

    model: str
    sentences: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class ModelCallView:
    """One line of the ledger. Tokens and cost are of all attempts together."""

    at: datetime
    role: str
    model: str
    outcome: str
    sentence: str
    input_tokens: int
    output_tokens: int
    cost: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ModelLedger:
    """All calls of an investigation, with their sums. ``cost`` is empty where no price is known."""

    calls: tuple[ModelCallView, ...]
    input_tokens: int
    output_tokens: int
    cost: str


def summary_of(
    entries: list[dict[str, object]], diagnosis: Diagnosis | None
) -> ModelSummary | None:
    """Return the model's summary of this diagnosis, if there is one."""
    for entry in entries:
        if diagnosis is not None and entry.get("diagnosis") == diagnosis.number:
            rows = entry.get("sentences")
            sentences = tuple(
                (str(row["text"]), tuple(int(n) for n in row["evidence"]))
                for row in (rows if isinstance(rows, list) else [])
            )
            return ModelSummary(str(entry.get("model", "")), sentences)
    return None


def note_of(entries: list[dict[str, object]], round_number: int) -> str:
    """Return why the model's help is missing in this round, in a sentence, or an empty string."""
    missing = [
        str(entry.get("sentence", "")) for entry in entries
        if entry.get("outcome") in {"degraded", "skipped"} and entry.get("round") == round_number
    ]  # fmt: skip
    return missing[0] if missing else ""


def ledger_of(investigation: Investigation) -> ModelLedger | None:
    """Return the calls of an investigation, oldest first, or None if there were none."""
    rows = BoardEntry.objects.filter(investigation=investigation, kind=EntryKind.MODEL_CALL)
    entries = [row.data for row in rows.order_by("id")]
    if not entries:
        return None
    costs = [e["cost_cents"] for e in entries if e["cost_cents"] is not None]
    return ModelLedger(
        calls=tuple(_call(entry) for entry in entries),
        input_tokens=sum(e["input_tokens"] for e in entries),
        output_tokens=sum(e["output_tokens"] for e in entries),
        cost=_cents(sum(costs)) if costs else "",
    )


def _call(entry: dict[str, object]) -> ModelCallView:
    cost = entry["cost_cents"]
    return ModelCallView(
        at=datetime.fromisoformat(str(entry["at"])),
        role=str(entry["role"]),
        model=f"{entry['provider']} {entry['model']}".strip(),
        outcome=str(entry["outcome"]),
        sentence=str(entry["sentence"]),
        input_tokens=int(str(entry["input_tokens"])),
        output_tokens=int(str(entry["output_tokens"])),
        cost=_cents(float(str(cost))) if cost is not None else "price not set",
        seconds=float(str(entry["duration_seconds"])),
    )


def _cents(amount: float) -> str:
    return f"{amount:.2f} ¢"
