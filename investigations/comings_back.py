"""Causes that go on while their symptom pauses: whether one will show itself again."""

from collections.abc import Iterable, Mapping

from investigations.enums import DiagnosisVerdict
from investigations.models import Diagnosis


def will_come_back(
    diagnosis: Diagnosis | None, *, succeeded: Iterable[tuple[object, object]]
) -> bool:
    """Return whether a cause that is found comes back by itself, and nothing has ended it yet.

    Args:
        diagnosis: The newest.
        succeeded: What helped, as kind and target. A relief, such as a restart, does not end it.
    """
    if diagnosis is None or diagnosis.verdict != DiagnosisVerdict.LIKELY_CAUSE:
        return False
    done = set(succeeded)
    return diagnosis.comes_back and not any(_ends_it(t, done) for t in diagnosis.treatments)


def _ends_it(treatment: Mapping[str, object], done: set[tuple[object, object]]) -> bool:
    is_done = (treatment.get("action"), treatment.get("resource")) in done
    return is_done and not treatment.get("is_relief")
