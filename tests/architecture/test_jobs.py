"""Every job that somebody can ask for is one that a worker knows, on a queue that is served."""

from types import ModuleType

import pytest
from django.conf import settings

import agents.jobs
import investigations.jobs
import remediation.jobs
from sre_workspace.celery import app

pytestmark = pytest.mark.unit


def _names(module: ModuleType) -> set[str]:
    return {v for k, v in vars(module).items() if k.isupper() and isinstance(v, str)}


@pytest.mark.parametrize("module", [agents.jobs, investigations.jobs, remediation.jobs])
def test_each_job_is_registered(module: ModuleType) -> None:
    app.loader.import_default_modules()
    names = _names(module)
    assert names
    assert names - set(app.tasks) == set()


def test_each_periodic_job_is_registered_and_expires() -> None:
    app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] == entry["schedule"]


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("agents.run_work_item", "investigate"),
        ("investigations.embed_incident", "investigate"),
        ("remediation.execute", "remediate"),
    ],
)
def test_what_changes_a_system_runs_apart(task: str, queue: str) -> None:
    assert app.amqp.router.route({}, task)["queue"].name == queue
