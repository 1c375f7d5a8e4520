"""Disk I/O saturated."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="disk_io",
    title="Disk I/O saturated",
    owner=AgentName.RESOURCE,
    claim="The disk of {name} cannot keep up",
    triggers=("disk_io_saturation",),
    predictions=(
        Prediction("disk_io_saturation", Where.SELF, 8.0, -9.0),
        Prediction("latency_rise", Where.SELF, 2.0, -1.0),
        Prediction("disk_near_full", Where.SELF, -4.0),
    ),
    words=(
        "disk io",
        "disk slow",
        "slow disk",
        "iops",
        "io wait",
        "iowait",
        "disk saturated",
        "disk latency",
        "disk i o",
    ),
)
