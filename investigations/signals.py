"""Upward news, sent after commit. Receivers enqueue work; they never do it.

Each signal is a hint: the reconciler of open work finds what a lost one would have started.
"""

from django.dispatch import Signal

# investigation_id: int
incident_opened = Signal()
# investigation_id: int, evidence_id: int
evidence_posted = Signal()
# investigation_id: int, diagnosis_id: int
diagnosis_accepted = Signal()
# message_id: int. A person asked for an action (``/propose``); whoever can plan one answers it.
action_requested = Signal()
# investigation_id: int. A person posted, ruled out, challenged, steered, resumed or added budget;
# or what came of an action is known.
board_touched = Signal()
# investigation_id: int. An alert of the incident changed, or the incident changed its state.
incident_changed = Signal()
