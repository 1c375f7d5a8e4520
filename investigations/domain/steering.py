"""The steer box: what a person types is read strictly, then done at once or delivered."""

import difflib
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from investigations.domain import hypotheses, runs
from investigations.domain.clock import database_now
from investigations.domain.handoffs import offer_handoff
from investigations.enums import HANDLES, SPECIALIST_NAMES, SteeringKind
from investigations.errors import BoardError
from investigations.models import Investigation
from investigations.offers import PROPOSAL
from investigations.queries.access import access_hypothesis

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

AGENTS = ", ".join(f"@{handle}" for handle in HANDLES.values())
BUDGET = re.compile(r"\+?([0-9]{1,6})\s*(s|min|m)?")
RULE_OUT = re.compile(r"[Hh]([0-9]{1,9})(?![0-9])\s*(?:because\s+)?(.*)")
CLOCK = r"([01]?[0-9]|2[0-3]):([0-5][0-9])Z?"
FOCUS = re.compile(rf"(\S+)(?:\s+{CLOCK}\s*[-–]\s*{CLOCK})?")
LONGEST_FOCUS = timedelta(hours=6)
STOP = (
    "The kill switch is the button “Stop all actions” at the top of every page: it works at once "
    "and for all incidents."
)


def obey(*, investigation: Investigation, user: "User", text: str) -> str:
    """Do or deliver what somebody typed, and return what happened as a sentence.

    Text without a slash is a message to one agent (``@network …``) or to all. Requires:
    ``can_respond`` was checked by the caller's rule.

    Raises:
        BoardError: It could not be read, or was refused. Nothing was done.
        NotFound: It names something that is not on this board.
    """
    text = text.strip()
    if not text.startswith("/"):
        return _message(investigation, user, text)
    name, _, rest = text[1:].partition(" ")
    command = COMMANDS.get(name.lower())
    if command is None:
        raise BoardError(_unknown(name))
    return command(investigation, user, rest.strip())


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), COMMANDS, n=1)
    meant = f" Did you mean /{near[0]}?" if near else ""
    every = " ".join(f"/{known}" for known in COMMANDS)
    return f"There is no /{name[:40]}.{meant} Commands: {every}. Nothing was done."


def agent_named(text: str) -> str:
    """Return a specialist's name from ``@network``, ``@deploy`` or ``@deployment``.

    Raises:
        BoardError: There is no such agent.
    """
    name = text.removeprefix("@").rstrip(",:").lower()
    name = "deployment" if name == "deploy" else name
    if name not in SPECIALIST_NAMES:
        raise BoardError(f"There is no agent @{name[:40]}. Agents: {AGENTS}.")
    return name


def _message(investigation: Investigation, user: "User", text: str) -> str:
    agent = ""
    if text.startswith("@"):
        name, _, text = text.partition(" ")
        agent = agent_named(name)
    runs.steer(investigation_id=investigation.pk, user=user, text=text, agent=agent)
    return f"Sent to {'@' + HANDLES[agent] if agent else 'all agents'}."


def _hypothesis(investigation: Investigation, user: "User", rest: str) -> str:
    row = hypotheses.propose_hypothesis(
        investigation_id=investigation.pk, claim=rest, author=f"person/{user.get_username()}",
        posted_by=user,
    )  # fmt: skip
    return hypotheses.told_of_post(row, user=user)


def _rule_out(investigation: Investigation, user: "User", rest: str) -> str:
    found = RULE_OUT.fullmatch(rest)
    if not found:
        raise BoardError("Write it like this: /rule-out H2 because …")
    row = access_hypothesis(user, investigation.incident_id, int(found[1]))
    hypotheses.rule_out_hypothesis(hypothesis_id=row.pk, reason=found[2], user=user)
    return f"H{row.number} ruled out."


def _focus(investigation: Investigation, user: "User", rest: str) -> str:
    found = FOCUS.fullmatch(rest)
    if not found:
        raise BoardError(
            "Write it like this: /focus payments, or /focus payments 02:40-02:55 (UTC)."
        )
    window = ""
    if found[2]:
        start, end = _span(investigation, found)
        window = f"{start:%Y%m%dT%H%M}/{end:%Y%m%dT%H%M}"
    runs.steer(
        investigation_id=investigation.pk, user=user, text=rest, kind=SteeringKind.FOCUS,
        subject=window,
    )  # fmt: skip
    return f"Sent to all agents: look at {found[1]}{' between ' + rest.split(None, 1)[1] if window else ''}."


def _span(investigation: Investigation, found: re.Match[str]) -> tuple[datetime, datetime]:
    """Return the latest past span with these times of day, in UTC."""
    is_recorded = investigation.telemetry.get("kind") == "recorded"
    latest = investigation.window_end if is_recorded else database_now()
    day = latest.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    end = day + timedelta(hours=int(found[4]), minutes=int(found[5]))
    if end > latest + timedelta(minutes=1):
        end -= timedelta(days=1)
    start = end.replace(hour=int(found[2]), minute=int(found[3]))
    if start >= end:
        start -= timedelta(days=1)
    if end - start > LONGEST_FOCUS:
        raise BoardError("A focus spans at most 6 hours, and begins before it ends (UTC).")
    return start, end


def _pause(investigation: Investigation, user: "User", rest: str) -> str:
    if rest:
        agent = agent_named(rest)
        runs.pause_agent(investigation_id=investigation.pk, user=user, agent=agent)
        return (
            f"@{HANDLES[agent]} is paused. What it is asking now comes back; it starts nothing new."
        )
    runs.pause_investigation(investigation_id=investigation.pk, user=user)
    return "Paused. Running queries finish; nothing new starts."


def _resume(investigation: Investigation, user: "User", rest: str) -> str:
    if rest:
        agent = agent_named(rest)
        runs.resume_agent(investigation_id=investigation.pk, user=user, agent=agent)
        return f"@{HANDLES[agent]} goes on, and makes up for what it left out."
    runs.resume_investigation(investigation_id=investigation.pk, user=user)
    return "Resumed."


def _budget(investigation: Investigation, user: "User", rest: str) -> str:
    found = BUDGET.fullmatch(rest)
    if not found:
        raise BoardError("Write it like this: /budget +5m, or /budget +30s.")
    seconds = float(found[1]) * (1 if found[2] == "s" else 60)
    runs.add_budget(investigation_id=investigation.pk, user=user, seconds=seconds, queries=200)
    return f"{seconds:.0f} s and 200 queries added."


def _propose(investigation: Investigation, user: "User", rest: str) -> str:
    found = PROPOSAL.fullmatch(rest)
    if not found:
        raise BoardError("Write it like this: /propose rollback payments")
    runs.steer(investigation_id=investigation.pk, user=user, text=rest, kind=SteeringKind.PROPOSE)
    return (
        f"Asked for {found[1]} of {found[2]}. The answer comes below; another person approves it."
    )


def _handoff(investigation: Investigation, user: "User", rest: str) -> str:
    handoff = offer_handoff(
        investigation_id=investigation.pk, user=user, to_username=rest.partition(" ")[0]
    )
    to = f"@{handoff.to_name}" if handoff.to_name else "whoever takes it"
    lead = investigation.incident.lead
    leads = "You lead" if lead == user.get_username() else f"{lead or 'Nobody'} leads"
    return f"Handoff offered to {to}, with a note made from the board. {leads} until it is taken."


def _stop(investigation: Investigation, user: "User", rest: str) -> str:
    raise BoardError(STOP)


COMMANDS: "dict[str, Callable[[Investigation, User, str], str]]" = {
    "hypothesis": _hypothesis, "rule-out": _rule_out, "focus": _focus, "pause": _pause,
    "resume": _resume, "budget": _budget, "propose": _propose, "handoff": _handoff, "stop": _stop,
}  # fmt: skip
