"""The agents' own records."""

from agents.models.calibration_fit import CalibrationFit
from agents.models.model_call import ModelCall
from agents.models.scan_memory import SeenSettings, UsualHours
from agents.models.work_item import WorkItem

__all__ = ["CalibrationFit", "ModelCall", "SeenSettings", "UsualHours", "WorkItem"]
