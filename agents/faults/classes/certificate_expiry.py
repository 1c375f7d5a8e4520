"""Certificate expired."""

from agents.enums import AgentName
from agents.faults.model import Blame, FaultModel, Prediction, Treatment, Where

MODEL = FaultModel(
    slug="certificate_expiry",
    title="Certificate expired",
    owner=AgentName.NETWORK,
    claim="The certificate of {name} has run out",
    triggers=(
        "tls_failure",
        "certificate_expired",
    ),
    predictions=(
        Prediction("tls_failure", Where.EDGE_IN, 8.0, -8.0),
        Prediction("certificate_expired", Where.SELF, 8.0),
        Prediction("tls_logs", Where.CALLERS, 5.0, -1.0),
        Prediction("edge_error_rise", Where.EDGE_IN, 2.0, -4.0),
    ),
    treatments=(
        Treatment(
            "rolling_restart",
            "A restart loads the certificate anew. Works only if a renewed one is in place: check its "
            "end date, else renew it first.",
        ),
    ),
    blame=Blame.PEER,
    words=(
        "certificate",
        "tls",
        "ssl",
        "cert",
        "expired certificate",
        "certificate expired",
        "cert expired",
        "expired cert",
        "expired tls certificate",
        "tls certificate",
        "tls handshake",
        "x509",
    ),
    prior=2.0,
    comes_back=True,
)
