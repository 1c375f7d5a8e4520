"""Revert the settings that one change set to the values they had before."""

import re
from collections.abc import Iterable, Mapping

from remediation.catalog.base import ActionKind, Proposal, Treatment
from remediation.enums import Risk
from remediation.errors import NotPlannable
from remediation.executors.ports import ConfigChange, Request, TargetState

# So many are named in a sentence, and so much of each; the diff and the bytes have it all.
NAMED, LENGTH = 2, 28


def plan(treatment: Treatment, state: TargetState) -> Proposal:
    """Plan the previous values of all settings of one change that are still as it set them.

    It is the change of the setting that the fault is about, else the latest.
    """
    current = [c for c in state.config_history if state.config.get(c.key) == c.after]
    if not current:
        raise NotPlannable(f"No changed setting of {state.name} still has its new value.")
    change = max(enumerate(current), key=lambda item: (_nearness(item[1], treatment), item[0]))[1]
    together = [c for c in state.config_history if change.change and c.change == change.change]
    first = {c.key: c.before for c in reversed(together or [change])}
    last = {c.key: c.after for c in together or [change]}
    before = {k: first[k] for k in sorted(first) if state.config.get(k) == last[k] != first[k]}
    if not before:
        raise NotPlannable(f"What was changed of {state.name} is as it was before.")
    after = {key: last[key] for key in before}
    kept = sorted(last.keys() - before.keys())
    left = f" Left alone, for it was set again since: {_listed(kept)}." if kept else ""
    return Proposal(
        title=f"Revert {_listed(before)} of {state.name} to {_values(before)}",
        request=_request(state, before),
        undo=_request(state, after),
        undo_text=f"Set {_listed(before)} to {_values(after)} again, at once.{left}",
        touched_pods=state.replicas,
        command=f"set config deployment/{state.name} {_assigned(before)}",
        undo_command=f"set config deployment/{state.name} {_assigned(after)}",
    )


def _request(state: TargetState, settings: Mapping[str, str]) -> Request:
    return {"action": "set_config", "workload": state.name, "settings": dict(settings)}


def _nearness(change: ConfigChange, treatment: Treatment) -> int:
    """Count the words that the setting's name and the fault's name begin alike."""
    stems = {w[:4] for w in re.split(r"[^a-z]+", treatment.fault_class) if len(w) >= 3}
    return sum(w[:4] in stems for w in re.split(r"[^a-z]+", change.key.lower()) if len(w) >= 3)


def _values(settings: Mapping[str, str]) -> str:
    return _listed(settings.values())


def _assigned(settings: Mapping[str, str]) -> str:
    parts = [f"{_cut(key)}={_cut(value)}" for key, value in settings.items()]
    rest = f" (and {len(parts) - NAMED} more)" if len(parts) > NAMED else ""
    return " ".join(parts[:NAMED]) + rest


def _listed(names: Iterable[str]) -> str:
    shown = [_cut(name) for name in names]
    if len(shown) > NAMED:
        shown = [*shown[:NAMED], f"{len(shown) - NAMED} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _cut(text: str) -> str:
    """Return a text in one line, shortened so that it can be seen that it is."""
    line = " ".join(text.split()) or '""'
    return line if len(line) <= LENGTH else f"{line[: LENGTH - 1]}…"


KIND = ActionKind(
    "revert_config", "Revert a setting", Risk.YELLOW, plan, version=2, goes_back=True,
    reduces_risk=True,
    failure_modes=(
        "The release that runs now needs the new value.",
        "The setting takes effect by a restart of the pods.",
        "Of the settings that the change set at once, one was right and is taken back too.",
    ),
)  # fmt: skip
