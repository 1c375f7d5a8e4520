"""What every page knows of the person who looks at it."""

from django.http import HttpRequest

from investigations.rules import can_administer, can_approve, can_respond, can_view


def viewer(request: HttpRequest) -> dict[str, object]:
    """Return the viewer's rights, for templates. The views check them again."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"may_view": False}
    return {
        "may_view": can_view(user),
        "may_respond": can_respond(user),
        "may_approve": can_approve(user),
        "may_administer": can_administer(user),
    }
