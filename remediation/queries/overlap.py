"""What ran beside an action: whether what is well since can have been another one's doing."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from investigations.enums import DiagnosisVerdict
from investigations.models import Diagnosis
from remediation.models import Action, Execution

PRACTISED = "lab"
LIMIT = 10
NAMED = 3


@dataclass(frozen=True, slots=True)
class Beside:
    """What the actions that ran in the same time take from an action; ``told`` is empty where none did.

    ``may_be_credited``: whether what is well since is still its own doing, as far as can be told.
    """

    may_be_credited: bool = True
    told: str = ""


def beside(action: Action, *, began: datetime) -> Beside:
    """Judge an action that began then, and is being judged now, by what else ran since. Two queries.

    Of several that ran at once only the one that treats the likely cause is credited. Where none
    does, or more than one, or where too many ran, nobody can tell them apart.
    """
    others = list(_ran_since(action, began)[: LIMIT + 1])
    if not others:
        return Beside()
    if len(others) > LIMIT:
        return Beside(
            False,
            f"More than {LIMIT} others ran at the same time: nobody can tell which of them helped.",
        )
    treated = treated_now(action)
    same = [other for other in others if (other.kind, other.target) in treated]
    is_own = (action.kind, action.target) in treated
    if is_own and not same:
        verb = "is no treatment" if len(others) == 1 else "are no treatments"
        return Beside(
            told=f"{_names(action, others)} ran at the same time, and {verb} of the likely cause."
        )
    if not same:
        return Beside(
            False, f"{_names(action, others)} ran at the same time: nobody can tell which of them helped."
        )  # fmt: skip
    verb = "treats" if len(same) == 1 else "treat"
    told = f"{_names(action, same)} ran at the same time and {verb} the likely cause"
    if is_own:
        return Beside(False, f"{told} too: nobody can tell which of them helped.")
    return Beside(False, f"{told}: {action} cannot be credited.")


def _ran_since(action: Action, began: datetime) -> QuerySet[Action]:
    """Return what ran, was judged or was undone in the same environment since a time, the newest first."""
    changed = Execution.objects.filter(Q(is_done=True) | Q(finished_at=None), action=OuterRef("pk"))
    is_since = (
        Q(ended_at=None) | Q(ended_at__gt=began) | Exists(changed.filter(started_at__gt=began))
    )
    rows = in_environment_of(action).filter(is_since, Exists(changed))
    return rows.select_related("investigation").order_by("-pk")


def in_environment_of(action: Action) -> QuerySet[Action]:
    """Return the other actions of the same environment.

    The practice system is one of its own, whoever opened the incidents that look at it.
    """
    investigation = action.investigation
    is_practice = Q(investigation__telemetry__kind=PRACTISED)
    place = is_practice
    if investigation.telemetry.get("kind") != PRACTISED:
        place = ~is_practice & Q(
            investigation__incident__environment=investigation.incident.environment
        )
    return Action.objects.filter(place).exclude(pk=action.pk)


def treated_now(action: Action) -> set[tuple[str, str]]:
    """Return what treats the likely cause as it stands now, as kinds and targets; none, if there is none."""
    return treated_in({action.investigation_id})[action.investigation_id]


def treated_in(investigations: set[int]) -> dict[int, set[tuple[str, str]]]:
    """Return the same by investigation, for each that is asked for. One query."""
    rows = Diagnosis.objects.filter(investigation__in=investigations)
    newest = rows.order_by("investigation_id", "-number").distinct("investigation_id")
    found: dict[int, set[tuple[str, str]]] = {run: set() for run in investigations}
    for row in newest.only("investigation_id", "verdict", "treatments"):
        if row.verdict == DiagnosisVerdict.LIKELY_CAUSE:
            told = {(str(item["action"]), str(item["resource"])) for item in row.treatments}
            found[row.investigation_id] = told
    return found


def name_of(action: Action, other: Action) -> str:
    """Return what another action is called beside one: with its incident, where that is another."""
    is_own = other.investigation_id == action.investigation_id
    return str(other) if is_own else f"INC-{other.investigation.incident_id} {other}"


def _names(action: Action, others: list[Action]) -> str:
    names = [name_of(action, other) for other in others]
    if len(names) > NAMED:
        names = [*names[:NAMED], f"{len(names) - NAMED} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
