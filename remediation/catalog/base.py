"""What every kind of action states: how it is planned, undone and counted."""

from collections.abc import Callable
from dataclasses import dataclass

from remediation.enums import Risk
from remediation.executors.ports import Request, TargetState


@dataclass(frozen=True, slots=True)
class Treatment:
    """What the diagnosis asks for."""

    action: str
    target: str
    reason: str
    fault_class: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action on a live target, with absolute values only. ``undo`` None: see ``undo_text``.

    ``command`` and ``undo_command`` say in one line what ``request`` and ``undo`` ask for; the latter
    is empty where there is no undo.
    """

    title: str
    request: Request
    undo: Request | None
    undo_text: str
    touched_pods: int
    command: str
    undo_command: str = ""


@dataclass(frozen=True, slots=True)
class ActionKind:
    """One entry of the catalogue.

    ``plan`` resolves a treatment against the live state and raises
    :class:`remediation.errors.NotPlannable` when a precondition does not hold. ``goes_back``: it
    returns to what was before; done again after it helped, it would leave the good state.
    ``replaces_pods``: running pods go and others come in their place. ``reduces_risk``: it returns to
    what ran before or adds capacity, so that it may run although the error budget is spent.
    ``failure_modes``: how it can go wrong, in sentences for who approves it.

    Raises:
        ValueError: It says not how it can fail; or it has no undo and gives no reason for that, or
            is green: what may run alone one day must be one that can be taken back.
    """

    slug: str
    title: str
    risk: Risk
    plan: Callable[[Treatment, TargetState], Proposal]
    version: int = 1
    has_undo: bool = True
    goes_back: bool = False
    no_undo_reason: str = ""
    replaces_pods: bool = True
    reduces_risk: bool = False
    failure_modes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.failure_modes:
            raise ValueError(f"{self.slug}: say how it can fail")
        if not self.has_undo and not self.no_undo_reason:
            raise ValueError(f"{self.slug}: say why it has no undo")
        if not self.has_undo and self.risk == Risk.GREEN:
            raise ValueError(f"{self.slug}: without an undo it cannot be green")
