"""Asking the running lab for practice incidents, over its socket."""

import re
from dataclasses import dataclass

import httpx
from django.conf import settings

from investigations.errors import BoardError

TIMEOUT_SECONDS = 10.0
SLUG = re.compile(r"[a-z_]{1,64}")


@dataclass(frozen=True, slots=True)
class PracticeScenario:
    """A scenario as the lab describes it: never what is really wrong."""

    slug: str
    title: str
    description: str


def _client() -> httpx.Client:
    transport = httpx.HTTPTransport(uds=str(settings.LAB_SOCKET), verify=False)  # no TLS
    return httpx.Client(transport=transport, base_url="http://lab", timeout=TIMEOUT_SECONDS)


def list_scenarios() -> list[PracticeScenario]:
    """Return the lab's scenarios; empty when no lab runs."""
    try:
        with _client() as client:
            answer = client.get("/scenarios")
    except httpx.HTTPError:
        return []
    return [PracticeScenario(**row) for row in answer.json()] if answer.status_code == 200 else []


def check_scenario(slug: str) -> None:
    """Say whether a scenario can be started, before anything is changed for it.

    Raises:
        BoardError: No lab runs, or it does not know the scenario.
    """
    known = [s.slug for s in list_scenarios()]
    if not known:
        raise BoardError("The lab does not run. Start everything with ./run up.")
    if slug not in known:
        raise BoardError(f"The lab has no such scenario. It has: {', '.join(known)}.")


def start_scenario(slug: str, *, seed: int | None = None) -> int:
    """Start a scenario; its alert then arrives by the webhook. Returns the seed.

    Raises:
        BoardError: No lab runs, or it does not know the scenario.
    """
    if not SLUG.fullmatch(slug):
        raise BoardError("Choose one of the lab's scenarios.")
    body = {} if seed is None else {"seed": seed}
    try:
        with _client() as client:
            answer = client.post(f"/scenarios/{slug}", json=body)
    except httpx.HTTPError as error:
        raise BoardError("The lab does not run. Start everything with ./run up.") from error
    if answer.status_code != 200:
        known = ", ".join(s.slug for s in list_scenarios())
        raise BoardError(f"The lab has no scenario {slug!r}. It has: {known}.")
    return int(answer.json()["seed"])
