"""Scenarios, one small file each; a new file is found by itself."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lab.world import LabWorld

Arrange = Callable[[LabWorld, np.random.Generator, int], str]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A practice incident.

    Attributes:
        arrange: Schedules what goes wrong at the onset step, and returns the key of the resource
            that is really at fault (empty for none).
        fault_class: What is wrong, as a slug; ``no_fault`` when nothing is.
        helps: Catalogue actions that end it, for the documentation and the tests.
        onset_age_steps: How many 2 s steps before "now" it begins: from, to.
    """

    slug: str
    title: str
    description: str
    fault_class: str
    arrange: Arrange
    helps: tuple[str, ...] = ()
    onset_age_steps: tuple[int, int] = (75, 120)


def _discover() -> dict[str, Scenario]:
    found = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        scenario = importlib.import_module(f"{__name__}.{module.name}").SCENARIO
        found[scenario.slug] = scenario
    return found


SCENARIOS: dict[str, Scenario] = {}
SCENARIOS.update(_discover())
