"""Name lookups fail."""

from agents.enums import AgentName
from agents.faults.model import FaultModel, Prediction, Where

MODEL = FaultModel(
    slug="dns",
    title="Name lookups fail",
    owner=AgentName.NETWORK,
    claim="Name lookups of {name} fail",
    triggers=(
        "dns_failure",
        "dns_logs",
    ),
    predictions=(
        Prediction("dns_failure", Where.SELF, 7.0, -4.0),
        Prediction("dns_logs", Where.SELF, 6.0, -3.0),
        Prediction("proxy_down", Where.ANYWHERE, 2.0),
    ),
    words=(
        "dns",
        "dns failure",
        "dns error",
        "dns lookup",
        "name resolution",
        "name lookup",
        "lookup",
        "resolve name",
        "resolve host",
        "resolve hostname",
        "not resolve",
        "unknown host",
        "no such host",
        "nxdomain",
        "coredns",
        "kube dns",
    ),
    is_of_caller=True,
)
