"""Disk full."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="disk_exhaustion",
    title="Disk full",
    owner=AgentName.RESOURCE,
    claim="A disk of {name} is full",
    triggers=(
        "disk_near_full",
        "disk_logs",
    ),
    predictions=(
        Prediction("disk_near_full", Where.SELF, 8.0, -9.0),
        Prediction("disk_logs", Where.SELF, 6.0, -1.0),
        Prediction("config_before_onset", Where.SELF, 4.0),
        Prediction("deploy_before_onset", Where.SELF, 2.0),
        Prediction("error_rise", Where.SELF, 2.0),
    ),
    treatments=(
        Treatment("revert_config", "The previous log level did not fill the disk."),
        Treatment("rollback", "The previous release wrote less."),
    ),
    words=(
        "disk",
        "disk full",
        "full disk",
        "disk space",
        "out of disk",
        "out of disk space",
        "disk filling",
        "disk fills",
        "volume full",
        "volume",
        "no space",
        "no space left",
        "no disk space",
        "enospc",
        "storage",
        "storage full",
        "inodes",
    ),
    prior=2.0,
    comes_back=True,
)
