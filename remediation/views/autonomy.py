"""What may run alone, why, and how to stop everything."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from investigations.domain.clock import database_now
from investigations.rules import can_administer, can_respond, can_view
from investigations.views.common import is_htmx, needs
from remediation.enums import Autonomy
from remediation.guardrails.rules import MAX_SHARE, PER_HOUR_ENVIRONMENT, PER_HOUR_SERVICE
from remediation.models import ChangeFreeze
from remediation.queries.autonomy import list_gates
from remediation.queries.burden import read_burden
from remediation.queries.gate import read_gate
from remediation.queries.phases import installation_phase
from remediation.queries.switches import list_releasers
from remediation.views.panel import kill_switch_row

PHASES = (
    (Autonomy.SHADOW, "Plans are made and shown; nothing can run."),
    (Autonomy.ASSIST, "Every action waits for people."),
    (Autonomy.AUTONOMOUS, "What has graduated runs alone; people are told and can undo."),
)
TIERS = (
    ("Green", "Reversible, graduated for this service", "runs alone, one-click undo"),
    ("Yellow", "Reversible", "one approver"),
    ("Red", "Hard to reverse or wide", "two approvers, never alone"),
)


@require_safe
@needs(can_view)
def autonomy(request: HttpRequest) -> HttpResponse:
    """Phase, gate, track record, tiers, limits, and the switch. ``?of=practice`` for practice."""
    now = database_now()
    practice = request.GET.get("of") == "practice"
    gates = list_gates()
    alone = [g for g in gates if g.phase == Autonomy.AUTONOMOUS]
    chosen = installation_phase()
    is_shadow = chosen is not None and chosen.phase == Autonomy.SHADOW
    now_in = Autonomy.AUTONOMOUS if alone else Autonomy.ASSIST
    switch = kill_switch_row()
    is_stopped = switch is None or switch.is_engaged
    context = {
        "releasers": list_releasers(switch) if is_stopped else (),
        "practice": practice, "criteria": read_gate(practice=practice, now=now), "gates": gates,
        "phases": PHASES, "phase": Autonomy.SHADOW if is_shadow else now_in,
        "alone": alone, "tiers": TIERS, "switch": switch,
        "may_stop": can_respond(request.user) or can_administer(request.user),
        "freezes": ChangeFreeze.objects.filter(ends_at__gt=now).order_by("starts_at")[:20],
        "limits": {
            "share": f"{MAX_SHARE:.0%}", "service": PER_HOUR_SERVICE,
            "environment": PER_HOUR_ENVIRONMENT, "cooldown": settings.COOLDOWN_SECONDS,
        },
    }  # fmt: skip
    return render(request, "remediation/autonomy.html", context)


@require_safe
@needs(can_view)
def burden(request: HttpRequest) -> HttpResponse:
    """What approving costs people: a part of the page of calibration, or a page of its own."""
    practice = request.GET.get("of") == "practice"
    context = {"burden": read_burden(practice=practice), "practice": practice}
    name = "_burden" if is_htmx(request) else "burden"
    return render(request, f"remediation/{name}.html", context)
