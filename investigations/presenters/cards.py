"""Evidence cards: what each says, of which hypothesis, how strongly, and when."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from investigations.enums import HypothesisState, StanceKind, SteeringState
from investigations.models import Evidence, Stance, SteeringMessage
from investigations.phrases import plain_rule
from investigations.presenters import words
from investigations.presenters.axis import Axis
from investigations.presenters.spark import Spark, spark_of, window_of
from investigations.queries.rows import answers_to, stances_of

# Cards that compare what is slow or failing with what is not.
DIFFERS = {"course_departure", "new_version_worse", "own_time_rise"}


@dataclass(frozen=True, slots=True)
class StanceView:
    """What a card says of one hypothesis."""

    text: str
    kind: str
    strength: str
    rule: str


@dataclass(frozen=True, slots=True)
class CardView:
    """One evidence card."""

    row: Evidence
    agent: str
    glyph: str
    name: str
    main: StanceView
    others: tuple[StanceView, ...]
    lines: tuple[str, ...]
    challenge: str
    spark: Spark | None = None
    from_second: int = 0
    to_second: int = 0

    @property
    def kind(self) -> str:
        """What sort of card it is, for people."""
        return "what differs" if self.row.feature in DIFFERS else self.row.get_kind_display()

    @property
    def is_gap(self) -> bool:
        """Whether it tells of data that is missing."""
        return self.row.kind == "gap"


def card_views(
    evidence: Sequence[Evidence], *, weighed_at: datetime | None = None, axis: Axis | None = None,
    challenges: Mapping[str, SteeringMessage] = MappingProxyType({}), lead: int | None = None,
) -> list[CardView]:  # fmt: skip
    """Return the cards with their stances, in two queries; with an axis, with their mini charts."""
    pieces = tuple(evidence)
    return dress(pieces, stances_of(pieces), answers_to(pieces), weighed_at=weighed_at, axis=axis,
                 challenges=challenges, lead=lead)  # fmt: skip


def dress(
    evidence: tuple[Evidence, ...],
    stances: tuple[Stance, ...],
    answers: dict[int, Evidence],
    *,
    weighed_at: datetime | None,
    axis: Axis | None,
    challenges: Mapping[str, SteeringMessage] = MappingProxyType({}),
    lead: int | None = None,
) -> list[CardView]:
    """Return the cards of rows that have been read already.

    ``lead``: the row id of the hypothesis of which a card speaks first, if it says something of it:
    the same on every page.
    """
    said: dict[int, list[Stance]] = defaultdict(list)
    for stance in stances:
        said[stance.evidence_id].append(stance)
    return [
        _card(row, said[row.pk], f"{_rechecks(row)}{_challenge(row, answers.get(row.pk), challenges)}",
              weighed_at, axis, lead)
        for row in evidence
    ]  # fmt: skip


def _card(
    row: Evidence, stances: list[Stance], challenge: str, weighed_at: datetime | None,
    axis: Axis | None, lead: int | None,
) -> CardView:  # fmt: skip
    kind, _, agent = row.author.partition("/")

    def order(stance: Stance) -> tuple[bool, bool, float]:
        is_of_lead = stance.hypothesis_id == lead and stance.kind != StanceKind.NEUTRAL
        # What still speaks for a cause that is out is the last thing to say.
        is_for_a_dead_one = (
            stance.kind == StanceKind.SUPPORTS
            and stance.hypothesis.state == HypothesisState.RULED_OUT
        )
        return not is_of_lead, is_for_a_dead_one, -abs(stance.weight_decibans)

    ordered = sorted(stances, key=order)
    views = tuple(_stance(s) for s in ordered)
    lines = row.sample.get("lines")
    from_second, to_second = window_of(row)
    return CardView(
        row=row,
        agent=agent if kind == "agent" else "human",
        glyph=words.GLYPHS.get(agent, "○") if kind == "agent" else agent[:2].upper(),
        name=words.NAMES.get(agent, agent) if kind == "agent" else agent,
        main=views[0] if views else StanceView(_blank(row, weighed_at), "neutral", "", ""),
        others=views[1:],
        lines=tuple(str(x) for x in lines[:5]) if isinstance(lines, list) else (),
        challenge=challenge,
        spark=spark_of(row, axis) if axis else None,
        from_second=from_second,
        to_second=to_second,
    )


def _rechecks(row: Evidence) -> str:
    """Return what a piece was asked to test: its words may be the same, its query is not."""
    return f"Re-checks E{row.challenges.number} by a query of its own. " if row.challenges else ""


def _challenge(
    row: Evidence, answer: Evidence | None, challenges: Mapping[str, SteeringMessage]
) -> str:
    """Return who challenged the card, a person or the agents by themselves, and what came of it.

    What was there before a person asked is no answer to them.
    """
    asked = challenges.get(f"E{row.number}")
    by = f"Challenged by {asked.author.removeprefix('person/')}" if asked else "Challenged"
    if asked is not None and asked.state == SteeringState.DECLINED:
        return f"{by}: declined. {asked.reply}"
    if asked is not None and asked.state != SteeringState.ACTED:
        return f"{by}: another specialist is asked to re-check it."
    if answer is None:
        return f"{by}. {asked.reply}" if asked else ""
    verb = "survived" if _presence(answer) == _presence(row) else "did not survive"
    return f"{by}: {verb} (E{answer.number})."


def _presence(row: Evidence) -> str:
    """Return whether what was looked for was there; evidence that does not say so tells of it."""
    kept = row.sample.get("finding")
    return str(kept.get("presence", "present")) if isinstance(kept, dict) else "present"


def _blank(row: Evidence, weighed_at: datetime | None) -> str:
    if row.kind == "gap":
        return "data gap · lowers coverage"
    if row.kind == "note":
        return "a person's word · not evidence"
    is_weighed = weighed_at is not None and row.posted_at <= weighed_at
    return "· does not separate" if is_weighed else "not weighed yet"


def _stance(stance: Stance) -> StanceView:
    name = f"H{stance.hypothesis.number}"
    text = {
        StanceKind.SUPPORTS: f"+ supports {name}",
        StanceKind.REFUTES: f"− refutes {name}",
        StanceKind.NEUTRAL: f"· does not separate {name}",
    }[StanceKind(stance.kind)]
    # How strongly it says nothing is no strength.
    is_neutral = stance.kind == StanceKind.NEUTRAL
    strength = "" if is_neutral else words.strength(stance.weight_decibans)
    return StanceView(text, stance.kind, strength, plain_rule(stance.rule))
