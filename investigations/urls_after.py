"""URLs of what happens around and after an incident: status, watch, report, replay, exports."""

from django.urls import path

from investigations.views import exports, merging, replay, report, status, watch

urlpatterns = [
    path("i/<int:incident_id>/acknowledge/", watch.acknowledge, name="acknowledge"),
    path("i/<int:incident_id>/lead/", watch.lead, name="take_lead"),
    path("i/<int:incident_id>/handoff/", watch.handoff, name="handoff"),
    path("i/<int:incident_id>/handoff/offers/", watch.offer, name="offer_handoff"),
    path("i/<int:incident_id>/handoff/<int:number>/accept/", watch.accept, name="accept_handoff"),
    path(
        "i/<int:incident_id>/handoff/<int:number>/withdraw/",
        watch.withdraw,
        name="withdraw_handoff",
    ),
    path("i/<int:incident_id>/alerts/", merging.alerts, name="alerts"),
    path("i/<int:incident_id>/merge/", merging.merge, name="merge"),
    path("i/<int:incident_id>/separate/", merging.separate, name="separate"),
    path("i/<int:incident_id>/status/", status.status, name="status"),
    path("i/<int:incident_id>/status/updates/", status.post_update, name="post_update"),
    path("i/<int:incident_id>/status/follow/", status.follow_status, name="follow_status"),
    path("i/<int:incident_id>/status/links/", status.create_share, name="create_share"),
    path(
        "i/<int:incident_id>/status/links/<int:number>/revoke/",
        status.revoke_share,
        name="revoke_share",
    ),
    path("s/<str:token>/", status.shared, name="shared"),
    path(
        "i/<int:incident_id>/e/<int:number>/bytes/", exports.evidence_bytes, name="evidence_bytes"
    ),
    path("i/<int:incident_id>/report/", report.report, name="report"),
    path("i/<int:incident_id>/report.md", report.report_md, name="report_md"),
    path(
        "i/<int:incident_id>/report/<slug:section>/", report.report_section, name="report_section"
    ),
    path(
        "i/<int:incident_id>/report/<slug:section>/versions/",
        report.report_versions,
        name="report_versions",
    ),
    path(
        "i/<int:incident_id>/report/<slug:section>/anew/",
        report.report_regenerate,
        name="report_regenerate",
    ),
    path(
        "i/<int:incident_id>/report/<slug:section>/restore/",
        report.report_restore,
        name="report_restore",
    ),
    path("i/<int:incident_id>/replay/", replay.replay, name="replay"),
    path("i/<int:incident_id>/replay/board/", replay.replay_board, name="replay_board"),
    path("i/<int:incident_id>/analysis/", exports.analysis, name="analysis"),
    path("i/<int:incident_id>/analysis.md", exports.analysis_md, name="analysis_md"),
    path("i/<int:incident_id>/export.json", exports.export, name="export"),
]
