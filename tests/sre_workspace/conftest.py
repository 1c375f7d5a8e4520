"""Fixtures for the tests of the installation."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def _reachable() -> Iterator[Path]:
    """A folder with a short path that the service user can reach, unlike pytest's own.

    A unix socket's path may have about 100 characters, and as root PostgreSQL runs as another user.
    """
    made = Path(tempfile.mkdtemp(prefix="sre-t-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    yield from _reachable()


@pytest.fixture(scope="module")
def module_folder() -> Iterator[Path]:
    yield from _reachable()
