"""Actions on the practice system, without an investigation's work."""

from investigations.models import Diagnosis
from remediation.domain.approvals import decide
from remediation.domain.planning import plan_for
from remediation.enums import Decision
from remediation.models import Action
from tests.factories.lab import LabIncident
from tests.factories.people import person


def plan_action(
    incident: LabIncident,
    kind: str = "scale",
    *,
    service: str = "cart",
    number: int = 1,
    **more: object,
) -> Action:
    """Return a proposed action of a kind on a service, from a diagnosis that asks for it."""
    diagnosis = Diagnosis.objects.create(
        investigation=incident.investigation, number=number, step_key=f"made/{number}",
        verdict="likely_cause", fault_class="bad_release", resource=f"service/{service}",
        summary="Made for a test",
        treatments=[{"action": kind, "resource": f"service/{service}", "reason": "a test"}], **more,
    )  # fmt: skip
    action = plan_for(diagnosis.pk)
    assert action is not None
    return action


def approve(action: Action, name: str = "mira") -> Action:
    """Return the action after an approver has approved it."""
    decide(action_id=action.pk, person=person(name, "approver"), decision=Decision.APPROVE,
           seen_digest=action.digest)  # fmt: skip
    action.refresh_from_db()
    return action
