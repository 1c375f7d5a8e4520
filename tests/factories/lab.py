"""A practice incident, worked to its diagnosis in this process."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agents.domain.drain import drain
from investigations.domain.incidents import IncidentDraft, open_incident
from investigations.enums import IncidentOrigin
from investigations.models import Investigation
from lab.inprocess import InProcessLabClient
from lab.operations import Conflict, Refused
from lab.world import LabWorld
from remediation.errors import TargetConflict, TargetRefused
from remediation.executors.lab import LabExecutor
from remediation.executors.registry import override_executor
from telemetry.adapters.lab import open_lab_sources
from telemetry.backends import override_sources
from telemetry.types import TimeWindow
from tests.factories.worlds import started


class InProcessActions:
    """The lab's side of acting, with the errors that its HTTP client would raise."""

    def __init__(self, client: InProcessLabClient) -> None:
        self.client = client

    def _call(self, name: str, *args: object) -> object:
        try:
            return getattr(self.client, name)(*args)
        except Conflict as error:
            raise TargetConflict(str(error)) from error
        except Refused as error:
            raise TargetRefused(str(error)) from error

    def describe(self, workload):
        return self._call("describe", workload)

    def preview(self, request):
        return self._call("preview", request)

    def apply(self, request):
        return self._call("apply", request)

    def find_by_key(self, key):
        return self._call("find_by_key", key)


@dataclass
class LabIncident:
    """The world, and the investigation of its first alert."""

    world: LabWorld
    investigation: Investigation
    client: InProcessLabClient
    stack: ExitStack

    def catch_up(self) -> None:
        """Let the world run up to now: it stood still while the agents worked, however long that took.

        What is looked at of the time right before an act is then there.
        """
        self.world.advance_to(datetime.now(UTC))

    def pass_time(self, seconds: float) -> None:
        """Let simulated time pass: history moves into the past, the world runs up to now."""
        self.world.anchor -= timedelta(seconds=seconds)
        self.catch_up()


def open_lab_incident(slug: str, *, seed: int = 1, is_worked: bool = True) -> LabIncident:
    """Start a scenario now, open an incident from its first alert, and work it."""
    now = datetime.now(UTC)
    world = started(slug, seed, now=now)
    client = InProcessLabClient(world)
    sources = open_lab_sources(client)
    alert = sources.alerts.alerts(TimeWindow(world.at(world.truth.onset_step), now)).data[0]
    stack = ExitStack()
    stack.enter_context(override_sources(sources))
    stack.enter_context(override_executor(LabExecutor(InProcessActions(client))))
    _, investigation = open_incident(
        IncidentDraft(
            title=alert.summary,
            symptom=alert.summary,
            resource=str(alert.resource),
            origin=IncidentOrigin.PRACTICE,
            started_at=alert.starts_at,
            window_start=alert.starts_at - timedelta(minutes=5),
            window_end=now,
            baseline_start=alert.starts_at - timedelta(minutes=20),
            baseline_end=alert.starts_at - timedelta(minutes=5),
            telemetry={"kind": "lab"},
            semantic=alert.semantic or "",
            environment="prod",
            severity_label="critical",
        )
    )
    if is_worked:
        assert drain(investigation.pk, timeout_seconds=60)
        investigation.refresh_from_db()
    return LabIncident(world, investigation, client, stack)
