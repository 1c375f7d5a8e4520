"""WebSocket routes."""

from django.urls import path

from investigations.consumers import BoardConsumer

websocket_urlpatterns = [path("ws/i/<int:incident_id>/", BoardConsumer.as_asgi())]
