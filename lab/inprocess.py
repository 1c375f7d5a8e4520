"""The lab without a server: for tests, tables and closed loops in simulated time."""

import json

from lab import actions
from lab.interface import Answer, Query, ask
from lab.world import LabWorld


class InProcessLabClient:
    """The client that the lab adapter and executor expect, answered by a world in this process."""

    def __init__(self, world: LabWorld) -> None:
        self.world = world

    def ask(self, question: str, query: Query) -> Answer:
        """Answer a question through JSON, as the server would."""
        answer: Answer = json.loads(json.dumps(ask(self.world, question, query)))
        return answer

    def describe(self, workload: str) -> Answer:
        """Return a workload's identity, version and settings."""
        with self.world.lock:
            return actions.describe(self.world, workload)

    def preview(self, request: Query) -> Answer:
        """Return what an action would change."""
        with self.world.lock:
            return actions.preview(self.world, request)

    def apply(self, request: Query) -> Answer:
        """Do an action once per key."""
        with self.world.lock:
            return actions.apply(self.world, request)

    def find_by_key(self, key: str) -> Answer | None:
        """Return what an action did, if it was ever applied."""
        with self.world.lock:
            return self.world.applied.get(key)
