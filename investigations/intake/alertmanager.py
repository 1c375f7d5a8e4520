"""Alertmanager's webhook payload, version 4, to alert drafts. Pure: no database, no request."""

import re
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from investigations.domain.incidents import AlertDraft
from investigations.enums import AlertStatus

MAX_ALERTS = 1000
# Labels that name the thing that alerts, most telling first, with the kind they name.
RESOURCE_LABELS = (
    ("service", "service"), ("service_name", "service"), ("app", "service"),
    ("app_kubernetes_io_name", "service"), ("deployment", "workload"),
    ("statefulset", "workload"), ("daemonset", "workload"), ("datname", "database"),
    ("database", "database"), ("pod", "pod"), ("node", "node"), ("job", "service"),
    ("container", "service"), ("instance", "node"), ("namespace", "namespace"),
)  # fmt: skip
# A pod as Deployments name theirs: what stands before the generated endings is the workload.
_HASH = "[bcdfghjklmnpqrstvwxz2456789]"
POD_NAME = re.compile(f"(.+?)-{_HASH}{{5,10}}-{_HASH}{{5}}")
# Words of an alert's name or of its metric label, and what they mean.
MEANINGS = (
    (("latency", "slow", "duration", "p99", "responsetime"), "latency_p99_seconds"),
    (("error", "5xx", "failure", "availability"), "error_ratio"),
    (("restart", "crashloop", "oomkill"), "restarts_total"),
    (("disk", "filesystem", "volume"), "disk_used_ratio"),
    (("throttl",), "cpu_throttled_ratio"),
    (("cpu",), "cpu_utilisation_ratio"),
    (("memory", "oom"), "memory_working_set_bytes"),
    (("certificate", "cert"), "certificate_expiry_seconds"),
    (("connection", "pool"), "db_connections_in_use"),
    (("replica",), "replicas_ready"),
)


class PayloadError(ValueError):
    """The payload is not what the format says. ``field`` names where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class _Alert(BaseModel):
    model_config = ConfigDict(extra="ignore")
    status: AlertStatus
    labels: dict[str, str] = Field(max_length=100)
    annotations: dict[str, str] = Field(default_factory=dict, max_length=100)
    startsAt: datetime
    endsAt: datetime | None = None
    fingerprint: str = Field(min_length=1, max_length=128)


class _Payload(BaseModel):
    model_config = ConfigDict(extra="ignore")
    version: str
    alerts: list[_Alert] = Field(max_length=MAX_ALERTS)


def parse(body: bytes, *, source: str) -> list[AlertDraft]:
    """Return the alerts of a delivery.

    Raises:
        PayloadError: Not JSON, or a field is missing or malformed; the first one is named.
    """
    try:
        payload = _Payload.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        raise PayloadError(field, str(first["msg"])) from error
    return [_draft(alert, source) for alert in payload.alerts]


def _draft(alert: _Alert, source: str) -> AlertDraft:
    name = alert.labels.get("alertname", "alert")[:200]
    ends = alert.endsAt if alert.endsAt and alert.endsAt.year > 1 else None
    starts = alert.startsAt if alert.startsAt.tzinfo else alert.startsAt.replace(tzinfo=UTC)
    return AlertDraft(
        source=source[:64],
        fingerprint=alert.fingerprint,
        name=name,
        resource=_resource(alert.labels)[:200],
        status=alert.status,
        starts_at=starts,
        ends_at=ends if alert.status == AlertStatus.RESOLVED else None,
        semantic=_meaning(alert.labels, name),
        value=_value(alert.annotations),
        severity_label=alert.labels.get("severity", "").lower()[:32],
        summary=(alert.annotations.get("summary") or alert.annotations.get("description") or "")[
            :300
        ],
        environment=(alert.labels.get("environment") or alert.labels.get("namespace") or "")[:64],
        labels=alert.labels,
        annotations=alert.annotations,
    )


def _resource(labels: dict[str, str]) -> str:
    for label, kind in RESOURCE_LABELS:
        if value := labels.get(label):
            if label == "pod" and (owner := POD_NAME.fullmatch(value)) is not None:
                return f"service/{owner[1]}"
            return f"{kind}/{value.replace('/', '-')}"
    return "service/unknown"


def _meaning(labels: dict[str, str], name: str) -> str:
    text = f"{labels.get('metric', '')} {name}".lower().replace("_", "")
    for words, semantic in MEANINGS:
        if any(word in text for word in words):
            return semantic
    return ""


def _value(annotations: dict[str, str]) -> float | None:
    try:
        return float(annotations.get("value", ""))
    except ValueError:
        return None
