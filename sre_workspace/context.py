"""What every page knows of the person who looks at it."""

from django.contrib.auth.models import User
from django.http import HttpRequest

from investigations.rules import can_administer, can_approve, can_respond, can_view
from sre_workspace.navigation import Shell, chosen


def viewer(request: HttpRequest) -> dict[str, object]:
    """Return the viewer's rights, for templates. The views check them again."""
    user = getattr(request, "user", None)
    looks = {"theme": chosen(request, "theme"), "density": chosen(request, "density")}
    if not isinstance(user, User):
        return {"may_view": False, **looks}
    return {
        **looks,
        "shell": Shell(request, user),
        "may_view": can_view(user),
        "may_respond": can_respond(user),
        "may_approve": can_approve(user),
        "may_administer": can_administer(user),
    }
