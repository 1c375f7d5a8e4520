"""Harmful schema change."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="schema_change",
    title="Harmful schema change",
    owner=AgentName.DATABASE,
    claim="A schema change on {name} is at fault",
    triggers=("schema_before_onset",),
    predictions=(
        Prediction("schema_before_onset", Where.SELF, 7.0, -10.0, before_symptom=True),
        Prediction("query_latency_rise", Where.SELF, 4.0, -1.0),
        Prediction("lock_wait", Where.SELF, 3.0),
        Prediction("slow_statement", Where.SELF, 4.0, -1.0),
        Prediction("error_rise", Where.CALLERS, 2.0),
    ),
    words=(
        "schema",
        "migration",
        "ddl",
        "alter table",
        "database migration",
        "schema migration",
        "schema change on",
    ),
    is_generic=True,
)
