"""Harmless changes, as any real system has them: most before the onset, some close to it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from lab import operations
from lab.model import DATABASE_NAME

if TYPE_CHECKING:
    from lab.world import LabWorld

AUTHORS = ("ines", "tomas", "yuki", "omar", "ci")
RELEASES = (
    ("Update translations", "--- a/locale/de.po\n+++ b/locale/de.po\n-Warenkorb\n+Einkaufswagen\n"),
    ("Bump the HTTP client", "--- a/requirements.txt\n+++ b/requirements.txt\n-client==4.1\n+client==4.2\n"),
    ("Rename a metric label", "--- a/metrics.py\n+++ b/metrics.py\n-label='svc'\n+label='service'\n"),
    ("Log the request size", "--- a/access.py\n+++ b/access.py\n+    fields['size'] = len(body)\n"),
    ("Tidy imports", "--- a/handlers.py\n+++ b/handlers.py\n-import json, sys\n+import json\n"),
)  # fmt: skip
SETTINGS = (
    ("log.level", "warn", "Quieter logs"),
    ("http.timeout_ms", "1200", "A little more patience"),
    ("retries.backoff_ms", "250", "Back off a little longer"),
    ("cpu.limit_cores", "2.5", "Headroom for the season"),
)


def _plain_services(world: "LabWorld", spare: str = "") -> list[str]:
    spared = {"cache", spare}
    if spare == DATABASE_NAME:
        spared |= {caller for caller, callee in world.topology.edge_index if callee == spare}
    return [
        spec.name
        for spec in world.topology.specs
        if spec.kind == "service" and spec.name not in spared
    ]


def _release(random: np.random.Generator, name: str) -> Callable[["LabWorld"], None]:
    summary, diff = RELEASES[int(random.integers(len(RELEASES)))]
    author = AUTHORS[int(random.integers(len(AUTHORS)))]
    return operations.deploying(name, summary=summary, author=author, diff=diff)


def add_decoys(world: "LabWorld", picker: np.random.Generator, onset: int) -> None:
    """Schedule one to three harmless releases well before the onset."""
    names = _plain_services(world)
    looks = np.random.default_rng([world.seed, 3])
    for _ in range(int(picker.integers(1, 4))):
        name = str(picker.choice(names))
        step = int(picker.integers(60, max(61, onset - 130)))
        world.plan(step, _release(looks, name))


def add_later_decoys(world: "LabWorld", onset: int, *, spare: str) -> None:
    """Schedule a harmless setting, and often a harmless release soon before the onset.

    Neither is on ``spare`` (of a database: on its clients), for which of two changes of one
    workload did it, nothing could tell.
    """
    random = np.random.default_rng([world.seed, 4, onset])
    names = _plain_services(world, spare)
    key, value, why = SETTINGS[int(random.integers(len(SETTINGS)))]
    author = AUTHORS[int(random.integers(len(AUTHORS)))]
    setting = operations.setting(str(random.choice(names)), key, value, author=author, summary=why)
    world.plan(int(random.integers(60, max(61, onset - 40))), setting)
    if random.random() < 0.6:
        name = str(random.choice(names))
        world.plan(onset - int(random.integers(15, 90)), _release(random, name))
