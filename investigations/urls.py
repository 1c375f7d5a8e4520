"""URLs of the board and its pages."""

from django.urls import include, path

from investigations.views import (
    commands,
    connections,
    incidents,
    knowledge,
    palette,
    room,
    services,
)

urlpatterns = [
    path("", incidents.home, name="home"),
    path("incidents/", incidents.incident_list, name="incident_list"),
    path("incidents/new/", incidents.new_incident, name="new_incident"),
    path("practice/", incidents.practice, name="practice"),
    path("practice/<int:after>/", incidents.practice_started, name="practice_started"),
    path("history/", incidents.history, name="history"),
    path("palette/", palette.palette, name="palette"),
    path("connections/", connections.connections, name="connections"),
    path("connections/test/", connections.test_connections, name="test_connections"),
    path("knowledge/", knowledge.knowledge, name="knowledge"),
    path("knowledge/import/", knowledge.import_text, name="import_knowledge"),
    path("knowledge/facts/<int:fact_id>/", knowledge.decide, name="decide_fact"),
    path("knowledge/<int:document_id>/", knowledge.document, name="document"),
    path("knowledge/<int:document_id>/edit/", knowledge.edit, name="edit_document"),
    path("knowledge/<int:document_id>/state/", knowledge.change, name="change_document"),
    path("knowledge/<int:document_id>/helped/", knowledge.helped, name="document_helped"),
    path("i/<int:incident_id>/knowledge/", knowledge.for_incident, name="room_knowledge"),
    path("services/", services.services, name="services"),
    path("services/<slug:slug>/", services.service, name="service"),
    path("services/<slug:slug>/about/", services.describe, name="describe_service"),
    path("i/<int:incident_id>/", room.room, name="room"),
    path("i/<int:incident_id>/matrix/", room.matrix, name="matrix"),
    path("i/<int:incident_id>/log/", room.log, name="log"),
    path("i/<int:incident_id>/e/<int:number>/", room.evidence, name="evidence"),
    path("i/<int:incident_id>/h/<int:number>/", room.hypothesis, name="hypothesis"),
    path("i/<int:incident_id>/hypotheses/", commands.post_hypothesis, name="post_hypothesis"),
    path("i/<int:incident_id>/h/<int:number>/rule-out/", commands.rule_out, name="rule_out"),
    path("i/<int:incident_id>/e/<int:number>/challenge/", commands.challenge, name="challenge"),
    path("i/<int:incident_id>/steer/", commands.steer, name="steer"),
    path("i/<int:incident_id>/grade/", commands.grade, name="grade"),
    path("i/<int:incident_id>/state/", commands.change_state, name="change_state"),
    path("", include("investigations.urls_after")),
    path("", include("investigations.intake.urls")),
]
