"""The agents' own records."""

from agents.models.work_item import WorkItem

__all__ = ["WorkItem"]
