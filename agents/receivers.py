"""News from the board to background jobs. Receivers enqueue; they never work."""

from agents.jobs import enqueue_wake
from investigations.signals import board_touched, incident_changed, incident_opened


def on_board_news(sender: object, *, investigation_id: int, **_: object) -> None:
    """Ask a worker to look at the investigation."""
    enqueue_wake(investigation_id)


def connect() -> None:
    """Listen to the board."""
    incident_opened.connect(on_board_news, weak=False, dispatch_uid="agents.opened")
    board_touched.connect(on_board_news, weak=False, dispatch_uid="agents.touched")
    incident_changed.connect(on_board_news, weak=False, dispatch_uid="agents.incident")
