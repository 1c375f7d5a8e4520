"""All fault models by slug."""

import importlib
import pkgutil

import agents.faults.classes as classes
from agents.faults.model import FaultModel


def _discover() -> dict[str, FaultModel]:
    found: dict[str, FaultModel] = {}
    for module in sorted(pkgutil.iter_modules(classes.__path__), key=lambda m: m.name):
        model = importlib.import_module(f"{classes.__name__}.{module.name}").MODEL
        found[model.slug] = model
    return found


FAULTS: dict[str, FaultModel] = _discover()
