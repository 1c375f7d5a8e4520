"""Every URL of the project."""

from django.contrib.auth.views import LogoutView
from django.urls import include, path

from sre_workspace.inbox import views as inbox
from sre_workspace.sign_in import PasswordSignIn
from sre_workspace.views import (
    appearance,
    healthz,
    live,
    offline,
    offline_worker,
    patterns,
    ready,
    sign_in,
)

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("healthz/live", live, name="live"),
    path("healthz/ready", ready, name="ready"),
    path("login/", PasswordSignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("sign-in/<str:token>/", sign_in, name="sign_in"),
    path("appearance/", appearance, name="appearance"),
    path("offline/", offline, name="offline"),
    path("offline-worker.js", offline_worker, name="offline_worker"),
    path("patterns/", patterns, name="patterns"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/live/", inbox.live, name="inbox_live"),
    path("waiting/", inbox.waiting, name="waiting"),
    path("inbox/<int:incident_id>/snooze/", inbox.snooze_incident, name="snooze"),
    path("", include("agents.urls")),
    path("", include("remediation.urls")),
    path("", include("investigations.urls")),
]
handler400 = "sre_workspace.views.bad_request"
handler404 = "sre_workspace.views.not_found"
handler403 = "sre_workspace.views.forbidden"
