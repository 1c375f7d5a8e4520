"""The agents' own records."""

from agents.models.model_call import ModelCall
from agents.models.work_item import WorkItem

__all__ = ["ModelCall", "WorkItem"]
