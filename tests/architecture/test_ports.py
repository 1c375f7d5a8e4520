"""Ports and adapters: the contracts hold, and every port has a fake that ships with it."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from telemetry.ports import TelemetrySources
from telemetry.testing import FakeTelemetry, MemoryData
from tests.architecture.tree import ROOT

pytestmark = pytest.mark.unit


@pytest.mark.capability(96)
def test_the_domain_knows_no_vendor_and_every_port_has_a_fake() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stdout
    kept = re.search(r"Contracts: (\d+) kept, 0 broken", told.stdout)
    assert kept is not None
    assert int(kept[1]) >= 10
    sources = FakeTelemetry(MemoryData(flows=[])).sources
    assert {f.name for f in fields(TelemetrySources) if getattr(sources, f.name) is None} == set()
