"""Pod's network is slow."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Treatment, Where
from telemetry.types import ResourceKind

MODEL = FaultModel(
    slug="pod_network_delay",
    title="Pod's network is slow",
    owner=AgentName.NETWORK,
    claim="What {name} sends arrives late",
    triggers=("own_delay",),
    predictions=(
        Prediction("own_delay", Where.SELF, 11.0, -10.0),
        Prediction("latency_rise", Where.SELF, 3.0, -2.0),
        Prediction("cpu_saturation", Where.SELF, -7.0, 1.0),
        # A CPU that is held back explains lateness, at its limit or not.
        Prediction("cpu_throttling", Where.SELF, -5.0),
        Prediction("cpu_saturation", Where.CALLEES, -5.0),
        Prediction("rtt_rise", Where.EDGE_IN, 3.0, -6.0),
        Prediction("query_latency_rise", Where.CALLEES, -4.0),
        Prediction("latency_rise", Where.CALLERS, 2.0),
        Prediction("pool_wait_rise", Where.SELF, -4.0),
        Prediction("lock_wait", Where.CALLEES, -4.0),
        Prediction("deploy_before_onset", Where.SELF, -3.0),
        Prediction("config_before_onset", Where.SELF, -3.0),
        Prediction("node_delay", Where.ANYWHERE, -6.0),
        Prediction("node_retransmits", Where.ANYWHERE, -6.0),
    ),
    treatments=(Treatment("rolling_restart", "A pod elsewhere has another network."),),
    # What is not ours runs in no pod of ours.
    kinds=(ResourceKind.SERVICE, ResourceKind.WORKLOAD, ResourceKind.POD, ResourceKind.DATABASE),
    words=(
        "pod network delay",
        "slow pod network",
    ),
    refines=("own_fault",),
)
