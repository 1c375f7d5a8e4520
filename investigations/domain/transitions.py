"""Allowed edges of every state field, and the guarded update that takes one."""

from investigations.enums import (
    HypothesisState,
    IncidentState,
    InvestigationState,
    SteeringState,
)
from investigations.errors import IllegalTransition
from investigations.models import Hypothesis, Incident, Investigation, SteeringMessage

_RUN = InvestigationState
_HYP = HypothesisState
INCIDENT_EDGES: dict[str, set[str]] = {
    IncidentState.OPEN: {IncidentState.MITIGATED, IncidentState.RESOLVED, IncidentState.MERGED},
    IncidentState.MITIGATED: {IncidentState.OPEN, IncidentState.RESOLVED, IncidentState.MERGED},
    IncidentState.RESOLVED: {IncidentState.OPEN},
    IncidentState.MERGED: {IncidentState.OPEN, IncidentState.MITIGATED},
}
INVESTIGATION_EDGES: dict[str, set[str]] = {
    _RUN.PENDING: {_RUN.GATHERING, _RUN.STOPPED, _RUN.FAILED},
    _RUN.GATHERING: {_RUN.EXAMINING, _RUN.RECONCILING, _RUN.STOPPED, _RUN.FAILED},
    _RUN.EXAMINING: {_RUN.RECONCILING, _RUN.STOPPED, _RUN.FAILED},
    _RUN.RECONCILING: {_RUN.EXAMINING, _RUN.CONCLUDED, _RUN.STOPPED, _RUN.FAILED},
    _RUN.CONCLUDED: {_RUN.EXAMINING, _RUN.GATHERING},
    _RUN.STOPPED: {_RUN.EXAMINING, _RUN.GATHERING},
    _RUN.FAILED: {_RUN.GATHERING},
}
HYPOTHESIS_EDGES: dict[str, set[str]] = {
    _HYP.PROPOSED: {_HYP.TESTING, _HYP.OPEN, _HYP.LEADING, _HYP.RULED_OUT, _HYP.INCONCLUSIVE},
    _HYP.TESTING: {_HYP.OPEN, _HYP.LEADING, _HYP.RULED_OUT, _HYP.INCONCLUSIVE},
    _HYP.OPEN: {_HYP.TESTING, _HYP.LEADING, _HYP.RULED_OUT, _HYP.INCONCLUSIVE, _HYP.CONFIRMED},
    _HYP.LEADING: {_HYP.TESTING, _HYP.OPEN, _HYP.RULED_OUT, _HYP.INCONCLUSIVE, _HYP.CONFIRMED},
    _HYP.INCONCLUSIVE: {_HYP.TESTING, _HYP.OPEN, _HYP.LEADING, _HYP.RULED_OUT},
    _HYP.RULED_OUT: {_HYP.TESTING, _HYP.OPEN, _HYP.LEADING},
    _HYP.CONFIRMED: {_HYP.OPEN},
}
STEERING_EDGES: dict[str, set[str]] = {
    SteeringState.SENT: {
        SteeringState.READ,
        SteeringState.ACTED,
        SteeringState.DECLINED,
    },
    SteeringState.READ: {SteeringState.ACTED, SteeringState.DECLINED},
    SteeringState.ACTED: set(),
    SteeringState.DECLINED: set(),
}


def move(
    row: Incident | Investigation | Hypothesis | SteeringMessage,
    to: str,
    **fields: object,
) -> None:
    """Move a row to another state by a guarded update; other fields change with it.

    Moving to the state it is in only writes the fields. The row object is updated too.

    Raises:
        IllegalTransition: The edge is not allowed, or another worker moved the row first.
    """
    edges = {
        Incident: INCIDENT_EDGES,
        Investigation: INVESTIGATION_EDGES,
        Hypothesis: HYPOTHESIS_EDGES,
        SteeringMessage: STEERING_EDGES,
    }[type(row)]
    was = str(row.state)
    if to != was and to not in edges[was]:
        raise IllegalTransition(f"{row} is {was}; it cannot become {to}.")
    changed = type(row)._default_manager.filter(pk=row.pk, state=was).update(state=to, **fields)
    if changed == 0:
        raise IllegalTransition(f"{row} was {was} and has just been moved by somebody else.")
    row.state = to
    for name, value in fields.items():
        setattr(row, name, value)
