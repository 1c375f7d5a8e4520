"""Practice systems in which a scenario has just begun: each is simulated once, and copied."""

from copy import deepcopy
from datetime import datetime, timedelta
from functools import cache

from lab.world import BACKFILL_STEPS, STEP_SECONDS, LabWorld


def started(slug: str, seed: int = 1, *, now: datetime, services: int = 0) -> LabWorld:
    """Return a world of one's own in which the scenario has just begun to alert at ``now``."""
    begun = _started(slug, seed, services)
    world = LabWorld(seed=seed, services=services)
    fields = {name: value for name, value in vars(begun).items() if name != "lock"}
    vars(world).update(deepcopy(fields))
    world.anchor = now - timedelta(seconds=BACKFILL_STEPS * STEP_SECONDS)
    return world


@cache
def _started(slug: str, seed: int, services: int) -> LabWorld:
    world = LabWorld(seed=seed, services=services)
    world.start(slug, now=world.anchor)
    return world
