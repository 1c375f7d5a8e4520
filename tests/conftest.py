"""Fixtures for every test."""

from collections.abc import Callable, Iterator

import pytest

from tests import emptying
from tests.factories.lab import LabIncident, open_lab_incident

emptying.use()


@pytest.fixture
def kill_switch_row(transactional_db: None) -> None:
    """Emptying the tables between tests takes the switch's row along, and no row means engaged."""
    from remediation.models import KillSwitch

    KillSwitch.objects.get_or_create(scope="global")


@pytest.fixture
def lab_incident(kill_switch_row: None) -> Iterator[Callable[..., LabIncident]]:
    """Open lab incidents whose sources and executor are closed after the test."""
    opened: list[LabIncident] = []

    def make(slug: str, **options: object) -> LabIncident:
        found = open_lab_incident(slug, **options)
        opened.append(found)
        return found

    yield make
    for incident in reversed(opened):
        incident.stack.close()
