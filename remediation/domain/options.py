"""What could be done about a diagnosis, weighed in the open: with its risk, and why it was taken or not."""

from collections.abc import Mapping, Sequence

from investigations.enums import DiagnosisVerdict
from investigations.models import Diagnosis
from remediation.catalog.registry import CATALOG

Option = dict[str, str]
WAIT = "Change nothing"
CHOSEN = "taken: the first that treats this cause, can be done now, and was not tried before"
NOT_NOW = "not now: {}"
BESIDE = "a person asked for something else; it treats the likely cause, and can be proposed too"
# How an option stands that treats the cause, while a person asked for something else.
BESIDE_IT = "beside"
ASKED = "taken: a person asked for it; the rules do not name it for this cause"
ASKED_BLIND = "taken: a person asked for it; the rules name nothing before there is a likely cause"
WAIT_NOT = "not taken: a cause is known, and something treats it"
WAIT_BLIND = "what the agents would do: they plan nothing before there is a likely cause"
LATER = "kept for when this does not help"


def is_beside(option: Mapping[str, str]) -> bool:
    """Whether an option treats the likely cause where a person asked for something else.

    Plans of earlier versions kept no word for it, only the sentence.
    """
    return option.get("stands", "") == BESIDE_IT or option["why"] == NOT_NOW.format(BESIDE)


def weigh(
    diagnosis: Diagnosis, *, taken: str, target: str, passed_over: Sequence[str]
) -> list[Option]:
    """Return every option, the taken one first, waiting last.

    Args:
        diagnosis: Its treatments are the options, in the order of its fault model.
        taken: The kind of action that is planned.
        target: On what it is planned.
        passed_over: Why each treatment before the taken one is not, in their order.
    """
    reasons = iter(passed_over)
    before, after, found = list[Option](), list[Option](), list[Option]()
    for item in diagnosis.treatments:
        slug, place = str(item["action"]), str(item["resource"])
        if not found and (slug, place) == (taken, target):
            found.append(_option(slug, place, CHOSEN))
        elif found:
            after.append(_option(slug, place, LATER))
        else:
            why = next(reasons, None)
            before.append(
                _option(
                    slug, place, NOT_NOW.format(why or BESIDE), BESIDE_IT if why is None else ""
                )
            )
    is_known = diagnosis.verdict == DiagnosisVerdict.LIKELY_CAUSE
    if not found:
        found.append(_option(taken, target, ASKED if is_known else ASKED_BLIND))
    wait = {"name": WAIT, "risk": "none", "why": WAIT_NOT if is_known else WAIT_BLIND}
    return [*found, *before, *after, wait]


def _option(slug: str, place: str, why: str, stands: str = "") -> Option:
    kind = CATALOG.get(slug)
    name = f"{kind.title if kind else slug} {place.rpartition('/')[2]}"
    undo = "" if kind is None or kind.has_undo else ", no way back"
    return {
        "name": name,
        "risk": f"{kind.risk.value if kind else 'unknown'}{undo}",
        "why": why,
        "stands": stands,
    }
