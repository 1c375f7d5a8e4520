"""The tables of what works are those that the tests make."""

import subprocess
import sys

import pytest

from tests.architecture.tree import ROOT

pytestmark = pytest.mark.unit


@pytest.mark.capability(104)
def test_the_status_tables_are_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "status.py", "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
