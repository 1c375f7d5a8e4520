"""URLs of remediation."""

from django.urls import path

from remediation.views import audit, autonomy, pages

urlpatterns = [
    path("i/<int:incident_id>/actions/", pages.actions, name="actions"),
    path("i/<int:incident_id>/a/<int:number>/", pages.action, name="action"),
    path("i/<int:incident_id>/a/<int:number>/approvals/", pages.decide, name="decide"),
    path("kill-switch/", pages.switch, name="kill_switch"),
    path("autonomy/", autonomy.autonomy, name="autonomy"),
    path("autonomy/burden/", autonomy.burden, name="burden"),
    path("audit/", audit.audit, name="audit"),
]
