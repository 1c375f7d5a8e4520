"""The formats that are recognised, most specific first."""

from collections.abc import Callable
from pathlib import Path

from telemetry.adapters.recorded import (
    changerca,
    cloudopsbench,
    nezha,
    petshop,
    rcd,
    rootcausebench,
    workspace,
)
from telemetry.adapters.recorded.recording import Recording

FORMATS: dict[str, tuple[Callable[[Path], bool], Callable[[Path], Recording]]] = {
    "sre-workspace": (workspace.is_it, workspace.load),
    "cloud-opsbench": (cloudopsbench.is_it, cloudopsbench.load),
    "rootcausebench": (rootcausebench.is_it, rootcausebench.load),
    "nezha": (nezha.is_it, nezha.load),
    "changerca": (changerca.is_it, changerca.load),
    "petshop": (petshop.is_it, petshop.load),
    "rcd": (rcd.is_it, rcd.load),
}
