"""A symptom that only pauses: its cause goes on, and nothing has ended it."""

from collections.abc import Iterable

from investigations.comings_back import will_come_back
from investigations.models import Diagnosis
from investigations.presenters.timeline import Timeline

Action = dict[str, object]
# What such a cause fills until it hurts, by the labels of lanes.
FILLED = {"memory", "memory of limit", "disk used"}


# What an action does that may still change things, by its state.
UNDER_WAY = {
    "approved": "about to begin", "running": "under way", "unknown": "being looked up",
    "verifying": "still being verified", "undoing": "being undone",
}  # fmt: skip


def comes_back(diagnosis: Diagnosis | None, timeline: Timeline, actions: Iterable[Action]) -> str:
    """Return that it will come back, and what shows it already; empty where it will not.

    What is under way counts as if it helped: it may have ended the cause, and is told beside this.
    """
    helped = (
        (a.get("kind"), a.get("target")) for a in actions
        if a.get("state") == "succeeded" or a.get("state") in UNDER_WAY
    )  # fmt: skip
    if diagnosis is None or not will_come_back(diagnosis, succeeded=helped):
        return ""
    place = diagnosis.resource.rpartition("/")[2]
    for lane in timeline.lanes:
        if lane.climbs_since and lane.label in FILLED and lane.resource == place:
            return (
                f"It will come back: {lane.label} of {place} grows again since "
                f"{lane.climbs_since:%H:%M:%SZ}, {lane.value_text} now."
            )
    return "It will come back by itself: nothing has ended its cause."
