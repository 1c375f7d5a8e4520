"""URLs of remediation."""

from django.urls import path

from remediation.views import audit, autonomy, figures, pages, policies

urlpatterns = [
    path("i/<int:incident_id>/actions/", pages.actions, name="actions"),
    path("i/<int:incident_id>/a/<int:number>/", pages.action, name="action"),
    path("i/<int:incident_id>/a/<int:number>/bytes/", pages.action_bytes, name="action_bytes"),
    path("i/<int:incident_id>/a/<int:number>/approvals/", pages.decide, name="decide"),
    path("i/<int:incident_id>/a/<int:number>/undo/", pages.undo, name="undo_action"),
    path("i/<int:incident_id>/a/<int:number>/feedback/", policies.judge, name="judge_action"),
    path("autonomy/rules/", policies.rules, name="policy_rules"),
    path("autonomy/rules/set/", policies.set_rule, name="set_rule"),
    path("autonomy/rules/<slug:slug>/retire/", policies.retire_rule, name="retire_rule"),
    path("autonomy/phase/", policies.set_phase, name="set_phase"),
    path("kill-switch/", pages.switch, name="kill_switch"),
    path("autonomy/", autonomy.autonomy, name="autonomy"),
    path("autonomy/burden/", autonomy.burden, name="burden"),
    path("figures/", figures.figures, name="figures"),
    path("audit/", audit.audit, name="audit"),
]
