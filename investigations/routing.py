"""WebSocket routes."""

from django.urls import path, re_path

from investigations.consumers import BoardConsumer, NoSuchSocket

websocket_urlpatterns = [
    path("ws/i/<int:incident_id>/", BoardConsumer.as_asgi()),
    re_path(r"^.*$", NoSuchSocket.as_asgi()),
]
