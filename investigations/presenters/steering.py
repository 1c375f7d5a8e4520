"""What may come next in the steer box, and what became of each message."""

from dataclasses import dataclass

from django.contrib.auth.models import User

from investigations.enums import HANDLES, Role, SteeringKind, SteeringState
from investigations.models import Investigation, SteeringMessage
from investigations.offers import proposable
from investigations.presenters import words

PEOPLE = 30
SERVICES = 30
COMMANDS = (
    ("/hypothesis ", "/hypothesis …", "post a cause for the agents to test"),
    ("/rule-out ", "/rule-out H2 because …", "take a hypothesis out, with your reason"),
    ("/focus ", "/focus payments 02:40-02:55", "look at a service, in a window if you say one"),
    ("/pause ", "/pause @network", "pause one agent, or all of them"),
    ("/resume ", "/resume @network", "let them go on"),
    ("/budget +5m", "/budget +5m", "give the agents more time and queries"),
    ("/propose ", "/propose rollback payments", "ask for an action; another person approves it"),
    ("/handoff @", "/handoff @jo", "offer somebody the lead, with a note"),
    ("/stop", "/stop", "stop all actions: the kill switch"),
)


@dataclass(frozen=True, slots=True)
class Word:
    """One completion: where it fits (``kind``), what is typed, how it reads, what it means."""

    kind: str
    value: str
    text: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message with the way it went, in words, oldest first."""

    row: SteeringMessage
    who: str
    handle: str
    trail: tuple[str, ...]
    is_declined: bool


def steering_words(investigation: Investigation, *, viewer: User) -> list[Word]:
    """Return every completion that does not change while the page is open. One query."""
    people = (
        User.objects.filter(is_active=True, groups__name__in=[Role.RESPONDER, Role.APPROVER])
        .exclude(pk=viewer.pk)
        .order_by("username")
        .values_list("username", flat=True)
        .distinct()[:PEOPLE]
    )
    affected = [str(key).rpartition("/")[2] for key in investigation.scope.get("affected", [])]
    return [
        *(Word("command", value, text, meaning) for value, text, meaning in COMMANDS),
        *(
            Word("agent", f"@{handle} ", f"@{handle}", words.NAMES[name])
            for name, handle in HANDLES.items()
        ),
        *(Word("action", f"{slug} ", slug, title) for slug, title in proposable().items()),
        *(Word("service", name, name) for name in dict.fromkeys(affected[:SERVICES])),
        *(Word("person", f"@{name} ", f"@{name}") for name in people),
    ]


def delivery_of(row: SteeringMessage) -> Delivery:
    """Return what became of a message: Sent, Read by whom, Plan changed how, or Declined why."""
    reader = "remediation" if row.kind == SteeringKind.PROPOSE else "all agents"
    who = words.NAMES.get(row.agent, row.agent) or reader
    trail = ["Sent"]
    if row.state == SteeringState.DECLINED:
        trail.append(f"Declined: {row.reply}")
    elif row.state == SteeringState.READ:
        trail += [f"Read by {who}", f"Plan changed: {row.reply}"]
    elif row.state == SteeringState.ACTED:
        trail += [f"Read by {who}", "Plan changed", row.reply]
    return Delivery(
        row=row,
        who=row.author.removeprefix("person/"),
        handle=HANDLES.get(row.agent, row.agent),
        trail=tuple(part for part in trail if part),
        is_declined=row.state == SteeringState.DECLINED,
    )
