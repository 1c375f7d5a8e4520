"""The header of every page: where one can go, and what waits for the person who looks.

A page that another package brings appears in the menu as soon as its address exists.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from investigations.rules import can_administer, can_respond
from remediation.models import KillSwitch
from remediation.views.panel import kill_switch_row
from sre_workspace.inbox.queries import count_waiting

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAIN = (
    ("/inbox/", "Inbox"),
    ("/incidents/", "Incidents"),
    ("/history/", "History"),
    ("/services/", "Services"),
    ("/findings/", "Findings"),
    ("/knowledge/", "Knowledge"),
    ("/autonomy/", "Autonomy"),
)
ACCOUNT = (
    ("/figures/", "Figures"),
    ("/calibration/", "Calibration"),
    ("/audit/", "Audit"),
    ("/connections/", "Connections"),
    ("/settings/", "Settings"),
    ("/patterns/", "Patterns"),
)
THEMES = (("auto", "Auto"), ("light", "Light"), ("dark", "Dark"))
DENSITIES = (("compact", "Compact"), ("comfortable", "Comfortable"))
APPEARANCE: dict[str, tuple[tuple[str, str], ...]] = {"theme": THEMES, "density": DENSITIES}


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the menu. ``is_here``: the page shown is this one or below it."""

    path: str
    text: str
    is_here: bool


@cache
def exists(path: str) -> bool:
    """Whether some view answers at this path."""
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def chosen(request: HttpRequest, name: str) -> str:
    """Return the stored choice of ``theme`` or ``density``, or its default."""
    allowed = [value for value, _ in APPEARANCE[name]]
    found = request.COOKIES.get(name, "")
    return found if found in allowed else allowed[0]


class Shell:
    """What the header needs, asked only when a whole page is rendered."""

    def __init__(self, request: HttpRequest, user: "User") -> None:
        self._request = request
        self._user = user

    def _links(self, entries: tuple[tuple[str, str], ...]) -> list[Link]:
        here = self._request.path
        return [Link(p, text, here.startswith(p)) for p, text in entries if exists(p)]

    @cached_property
    def main(self) -> list[Link]:
        """Return the main menu."""
        return self._links(MAIN)

    @cached_property
    def account(self) -> list[Link]:
        """Return the account's menu. The page of patterns is for who runs this workspace."""
        entries = ACCOUNT if can_administer(self._user) else ACCOUNT[:-1]
        return self._links(entries)

    @cached_property
    def palette_key(self) -> str:
        """Return the keys that open the palette, as this person's keyboard has them."""
        agent = self._request.headers.get("User-Agent", "")
        return "⌘K" if "Mac OS" in agent or "Macintosh" in agent else "Ctrl K"

    themes = THEMES
    densities = DENSITIES

    @cached_property
    def switch(self) -> KillSwitch | None:
        """Return the kill switch. One query."""
        return kill_switch_row()

    @cached_property
    def may_stop(self) -> bool:
        """Whether this person may stop all actions."""
        return can_respond(self._user) or can_administer(self._user)

    @cached_property
    def waiting(self) -> int:
        """Return how many things wait for this person."""
        return count_waiting(self._user)
