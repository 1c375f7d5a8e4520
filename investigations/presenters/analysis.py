"""The room's analysis as Markdown, to be pasted where people talk. Each claim has its anchor."""

from collections.abc import Callable, Iterator
from datetime import datetime

from investigations.presenters.consensus import plain_step
from investigations.presenters.room import Room
from investigations.typed_text import title_or_untitled, without_controls, without_reordering

SHOWN = 8


def _plain(text: object) -> str:
    """Return foreign text as one line in which nothing is markup."""
    line = " ".join(without_reordering(without_controls(str(text))).split())
    for character in "\\`*_[]<>|~#":
        line = line.replace(character, f"\\{character}")
    return line


def analysis_markdown(room: Room, *, absolute: Callable[[str], str]) -> str:
    """Return what is known now: the three answers, hypotheses, evidence, doubts, actions."""
    base = f"/i/{room.incident.pk}/"

    def link(kind: str, number: object) -> str:
        return f"[{kind.upper()}{number}]({absolute(f'{base}{kind}/{number}/')})"

    incident = room.incident
    title = _plain(title_or_untitled(incident.title))
    head = [
        f"# [INC-{incident.pk}]({absolute(base)}) {incident.get_severity_display()} {title}",
        "",
        f"{incident.get_state_display()}, since {_began(room):%Y-%m-%d %H:%M:%SZ}; as of "
        f"{room.now:%Y-%m-%d %H:%M:%SZ}.{f' Lead: {_plain(incident.lead)}.' if incident.lead else ''}",
    ]
    parts = [*head, *_answers(room, link), *_hypotheses(room, link), *_evidence(room, link),
             *_doubts(room, link), *_actions(room, link)]  # fmt: skip
    return "\n".join(parts) + "\n"


Link = Callable[[str, object], str]


def _began(room: Room) -> datetime:
    return room.beginning.began_at or room.beginning.told_at


def _answers(room: Room, link: Link) -> Iterator[str]:
    found = room.diagnosis
    yield from ("", "## What is happening", "")
    yield _plain(f"{room.answers.happening} {room.answers.trend}") or "Unknown."
    yield from ("", "## Most likely cause", "")
    if found is None:
        yield "Not known yet: the agents are looking."
    elif found.verdict == "likely_cause" and found.hypothesis is not None:
        number = found.hypothesis.number
        blamed = room.answers.blamed
        change = f": {_plain(blamed.text)} {link('e', blamed.evidence[0])}" if blamed else ""
        told = f"{_plain(found.hypothesis.claim)} {link('h', number)}{change}"
        yield f"**{room.likelihood}**: {told}. {room.coverage}"
    else:
        yield f"**{found.get_verdict_display().capitalize()}.** {_plain(found.summary)} {room.coverage}"
    yield from ("", "## Next", "")
    if room.waiting:
        blocked = room.waiting.get("blocked")
        waits = "waits, but nobody can approve it now" if blocked else "waits for an approver"
        why = f" {_plain(blocked)}" if blocked else ""
        yield f"{link('a', room.waiting['number'])} {waits}: {_plain(room.waiting['title'])}.{why}"
    elif found is not None and found.next_steps:
        yield from (f"- {_plain(plain_step(step))}" for step in found.next_steps[:SHOWN])
    else:
        yield "Nothing waits for anybody."


def _hypotheses(room: Room, link: Link) -> Iterator[str]:
    if room.hypotheses:
        yield from ("", "## Hypotheses", "")
    for view in room.hypotheses:
        row = view.row
        why = f", ruled out by {_plain(row.ruled_out_by)}" if row.ruled_out_by else ""
        yield (
            f"- {link('h', row.number)} {_plain(row.claim)}: {view.likelihood}, "
            f"{view.rivalry.told}, {view.shared or row.get_state_display()}{why}"
        )


def _evidence(room: Room, link: Link) -> Iterator[str]:
    cited = set(room.diagnosis.cited) if room.diagnosis else set()
    shown = (*room.deciding, *room.cards)
    cards = [c for c in shown if c.row.number in cited] or list(shown[:SHOWN])
    if cards:
        yield from ("", "## Evidence", "")
    for card in cards:
        row = card.row
        window = f"{row.window_start:%H:%M:%SZ} to {row.window_end:%H:%M:%SZ}"
        query = f"; query `{row.query.replace('`', chr(39))[:200]}`" if row.query else ""
        yield (
            f"- {link('e', row.number)} {card.name}: {_plain(row.claim)} "
            f"({_plain(card.main.text)}; {window}{query})"
        )


def _doubts(room: Room, link: Link) -> Iterator[str]:
    found = room.diagnosis
    if found is None or not (found.gaps or found.dissent or found.would_change):
        return
    yield from ("", "## Doubts", "")
    for gap in found.gaps[:SHOWN]:
        yield f"- Gap: {_plain(gap.get('text', ''))}"
    for said in found.dissent[:SHOWN]:
        who, why = _plain(said.get("agent", "")), _plain(said.get("text", ""))
        verb = "agrees, but not here" if said.get("agent") in found.agreement else "disagrees"
        yield f"- {who} {verb} {link('e', said.get('evidence'))}: {why}"
    if found.would_change:
        yield f"- Would change it: {_plain(found.would_change)}"


def _actions(room: Room, link: Link) -> Iterator[str]:
    if room.actions:
        yield from ("", "## Actions", "")
    for action in room.actions[:SHOWN]:
        yield (
            f"- {link('a', action['number'])} {_plain(action['title'])}: "
            f"{_plain(str(action['state']).replace('_', ' '))}. {_plain(action.get('result') or '')}"
        ).rstrip()
