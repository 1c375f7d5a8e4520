"""What each action of the catalogue must state, and how far it may go."""

from dataclasses import replace

import pytest

from remediation.catalog.base import ActionKind, Treatment
from remediation.catalog.registry import CATALOG
from remediation.enums import Risk
from remediation.errors import NotPlannable
from remediation.executors.ports import ConfigChange, TargetState

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


def target(config: dict[str, str], *history: ConfigChange) -> TargetState:
    return TargetState(
        name="storefront", uid="u1", version="3", replicas=3, ready=3, revision=2, image="a:2",
        total_pods=30, updated=3, config=config, config_history=history,
    )  # fmt: skip


def revert(state: TargetState, fault_class: str = "retry_storm"):
    return CATALOG["revert_config"].plan(
        Treatment("revert_config", "service/storefront", "a test", fault_class), state
    )


BACKOFF, RETRIES = ConfigChange("retries.backoff_ms", "100", "0", "7"), ConfigChange(
    "retries.max", "3", "8", "7"
)  # fmt: skip


def test_all_that_one_change_set_is_reverted_named_and_undone_together() -> None:
    config = {"retries.backoff_ms": "0", "retries.max": "8", "log.level": "debug"}
    later = ConfigChange("log.level", "info", "debug", "8")
    found = revert(target(config, BACKOFF, RETRIES, later))
    names = ("retries.backoff_ms", "retries.max")
    assert found.request["settings"] == {"retries.backoff_ms": "100", "retries.max": "3"}
    assert found.undo["settings"] == {"retries.backoff_ms": "0", "retries.max": "8"}
    assert found.title == ("Revert retries.backoff_ms and retries.max of storefront to 100 and 3")
    for text in (found.title, found.command, found.undo_text):
        assert all(name in text for name in names)
        assert "log.level" not in text


def test_what_was_set_again_since_is_left_alone_and_said() -> None:
    again = ConfigChange("retries.max", "8", "5", "9")
    state = target({"retries.backoff_ms": "0", "retries.max": "5"}, BACKOFF, RETRIES, again)
    # The newest change of a setting that the fault is about comes first.
    assert revert(state).request["settings"] == {"retries.max": "8"}
    found = revert(target({"retries.backoff_ms": "0", "retries.max": "5"}, BACKOFF, RETRIES))
    assert found.request["settings"] == {"retries.backoff_ms": "100"}
    assert "Left alone, for it was set again since: retries.max." in found.undo_text


def test_a_setting_that_was_changed_twice_at_once_goes_back_to_before_both() -> None:
    twice = ConfigChange("retries.max", "8", "9", "7")
    found = revert(target({"retries.backoff_ms": "0", "retries.max": "9"}, BACKOFF, RETRIES, twice))
    assert found.request["settings"]["retries.max"] == "3"
    back = ConfigChange("retries.max", "8", "3", "7")
    with pytest.raises(NotPlannable, match="is as it was before"):
        revert(target({"retries.max": "3"}, RETRIES, back))


def test_changes_that_nobody_can_tell_apart_are_taken_one_by_one() -> None:
    state = target({"a": "1", "b": "1"}, ConfigChange("a", "0", "1"), ConfigChange("b", "0", "1"))
    assert revert(state).request["settings"] == {"b": "0"}


def test_long_names_and_values_still_make_a_sentence() -> None:
    many = [ConfigChange(f"KEY_{n}_{'K' * 90}", "b" * 4000, "a" * 4000, "7") for n in range(12)]
    found = revert(target({c.key: c.after for c in many}, *many))
    assert len(found.request["settings"]) == 12
    assert "and 10 more" in found.title
    assert max(map(len, (found.title, found.command, found.undo_text))) < 200


def test_each_undo_is_told_as_its_command_and_each_reason_instead_of_one() -> None:
    config = {"db.pool_size": "8", "retries.max": "8"}
    state = target(config, ConfigChange("retries.max", "3", "8", "7"))
    state = replace(state, revisions=(1, 2))
    for entry in CATALOG.values():
        found = entry.plan(
            Treatment(entry.slug, "service/storefront", "a test", "retry_storm"), state
        )
        assert bool(found.undo) is bool(found.undo_command) is entry.has_undo, entry.slug
        assert found.undo_command != found.command
