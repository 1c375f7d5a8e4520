"""HTTP and WebSocket entry: allowed origins, sessions, routes."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sre_workspace.settings")
http_application = get_asgi_application()

# Django must be set up before anything that imports models.
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from investigations.routing import websocket_urlpatterns  # noqa: E402
from sre_workspace.origins import SameOriginOnly  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http_application,
        "websocket": SameOriginOnly(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
