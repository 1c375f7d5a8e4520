"""What each action of the catalogue must state, and how far it may go."""

import pytest

from remediation.catalog.base import ActionKind, Treatment
from remediation.catalog.registry import CATALOG
from remediation.enums import Risk
from remediation.errors import NotPlannable
from remediation.executors.ports import TargetState

pytestmark = pytest.mark.unit


def plan_nothing(treatment: Treatment, state: TargetState):
    raise NotPlannable("made for a test")


def kind(**more: object) -> ActionKind:
    given = {"failure_modes": ("It does nothing.",), **more}
    return ActionKind("made", "Made", given.pop("risk", Risk.GREEN), plan_nothing, **given)


@pytest.mark.capability(56)
def test_an_action_without_an_undo_cannot_be_green() -> None:
    assert kind().risk == Risk.GREEN
    with pytest.raises(ValueError, match="without an undo it cannot be green"):
        kind(has_undo=False, no_undo_reason="What is gone is gone.")
    with pytest.raises(ValueError, match="say why it has no undo"):
        kind(has_undo=False, risk=Risk.YELLOW)
    with pytest.raises(ValueError, match="say how it can fail"):
        kind(failure_modes=())
    assert kind(has_undo=False, no_undo_reason="x", risk=Risk.YELLOW).no_undo_reason == "x"
    assert all(k.failure_modes for k in CATALOG.values())
    assert {k.slug for k in CATALOG.values() if not k.has_undo} & {
        k.slug for k in CATALOG.values() if k.risk == Risk.GREEN
    } == set()
