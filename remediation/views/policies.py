"""Rules for changes and the installation's phase, as admins set them; what people say of an action."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from investigations.errors import BoardError
from investigations.rules import can_administer, can_respond, can_view
from investigations.views.common import needs, person_of
from remediation.catalog.registry import CATALOG
from remediation.domain import feedback, policies
from remediation.enums import Autonomy
from remediation.errors import RemediationError
from remediation.models import PolicyRule, RuleEffect
from remediation.queries.phases import installation_phase, known_environments
from remediation.views.pages import action_of

FIELDS = ("slug", "kind", "target", "environment", "effect", "reason")


@require_safe
@needs(can_view)
def rules(request: HttpRequest) -> HttpResponse:
    """List the rules and the phase, with the forms to set them for admins."""
    return _page(request)


def _page(request: HttpRequest, refusal: str = "", *, status: int = 200) -> HttpResponse:
    phase = installation_phase()
    context = {
        "rows": PolicyRule.objects.all()[: policies.MAX_RULES], "refusal": refusal,
        "kept": {name: request.POST.get(name, "") for name in (*FIELDS, "may_be_new")}, "phase": phase,
        "is_shadow": phase is not None and phase.phase == Autonomy.SHADOW,
        "kinds": [(kind.slug, kind.title) for kind in CATALOG.values()],
        "effects": RuleEffect.choices, "may_set": can_administer(request.user),
        "environments": known_environments(),
    }  # fmt: skip
    return render(request, "remediation/rules.html", context, status=status)


@require_POST
@needs(can_administer)
def set_rule(request: HttpRequest) -> HttpResponse:
    """Set a rule; a refused one keeps what was typed."""
    given = {name: request.POST.get(name, "") for name in FIELDS}
    try:
        policies.set_rule(
            **given, person=person_of(request), may_be_new=bool(request.POST.get("may_be_new"))
        )
    except (RemediationError, BoardError) as error:
        return _page(request, str(error), status=422)
    return redirect("policy_rules")


@require_POST
@needs(can_administer)
def retire_rule(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a rule hold no more."""
    try:
        policies.retire_rule(slug=slug, person=person_of(request))
    except RemediationError as error:
        return _page(request, str(error), status=404)
    return redirect("policy_rules")


@require_POST
@needs(can_administer)
def set_phase(request: HttpRequest) -> HttpResponse:
    """Put everything into shadow, or back."""
    phase, reason = request.POST.get("phase", ""), request.POST.get("why", "")
    try:
        policies.set_phase(phase=phase, reason=reason, person=person_of(request))
    except (RemediationError, BoardError) as error:
        return _page(request, str(error), status=422)
    return redirect("policy_rules")


@require_POST
@needs(can_respond)
def judge(request: HttpRequest, incident_id: int, number: int) -> HttpResponse:
    """Keep what a person says of an action that is over."""
    row = action_of(request.user, incident_id, number)
    value, note = request.POST.get("value", ""), request.POST.get("note", "")
    try:
        feedback.give_feedback(
            action_id=row.pk, person=person_of(request), value=value, note=note
        )  # fmt: skip
    except (RemediationError, BoardError) as error:
        return render(request, "refused.html", {"text": str(error), "kept": note}, status=422)
    return redirect(f"{reverse('action', args=[incident_id, number])}#judged")
