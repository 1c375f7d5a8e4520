"""Alertmanager's webhook payload, version 4, to alert drafts. Pure: no database, no request.

What leaves here holds no secret and no control character. Each alert is judged on its own.
"""

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from investigations.domain.alert_drafts import AlertDraft
from investigations.enums import AlertStatus
from telemetry.redaction import redact, redact_object

MAX_ALERTS = 1000
# Before it a time is a zero value or a broken clock, not when something began to fire.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE_TOLERANCE = timedelta(hours=1)
# What PostgreSQL cannot store (NUL, lone surrogates) or a page cannot show; tab and newline stay.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
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


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the alert at a place of the delivery is not taken. ``field`` is a path in the payload."""

    index: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """The alerts of a delivery that can be taken, by their place in it, and the others."""

    drafts: dict[int, AlertDraft]
    refused: list[Refusal]


def _printable(value: object) -> object:
    return UNPRINTABLE.sub("", value) if isinstance(value, str) else value


_Text = Annotated[str, BeforeValidator(_printable)]


class _Alert(BaseModel):
    model_config = ConfigDict(extra="ignore")
    status: AlertStatus
    labels: dict[_Text, _Text] = Field(max_length=100)
    annotations: dict[_Text, _Text] = Field(default_factory=dict, max_length=100)
    startsAt: datetime
    endsAt: datetime | None = None
    fingerprint: _Text = Field(min_length=1, max_length=128)


class _Payload(BaseModel):
    model_config = ConfigDict(extra="ignore")
    version: str
    alerts: list[object] = Field(max_length=MAX_ALERTS)


def parse(body: bytes, *, source: str, now: datetime) -> Delivery:
    """Return the alerts of a delivery, and which of them are refused and why.

    Raises:
        PayloadError: Not JSON, or not a delivery; the first malformed field is named.
    """
    try:
        payload = _Payload.model_validate(json.loads(body))
    except ValidationError as error:
        field, reason = _first(error)
        raise PayloadError(field or "body", reason) from error
    except (ValueError, RecursionError) as error:
        raise PayloadError("body", "This is not JSON.") from error
    drafts: dict[int, AlertDraft] = {}
    refused: list[Refusal] = []
    for index, raw in enumerate(payload.alerts):
        try:
            drafts[index] = _draft(_Alert.model_validate(raw), source, now)
        except ValidationError as error:
            field, reason = _first(error)
            refused.append(Refusal(index, f"alerts.{index}.{field}".rstrip("."), reason))
        except PayloadError as error:
            refused.append(Refusal(index, f"alerts.{index}.{error.field}", error.message))
    return Delivery(drafts, refused)


def _first(error: ValidationError) -> tuple[str, str]:
    first = error.errors(include_url=False, include_input=False)[0]
    return redact(".".join(str(part) for part in first["loc"]), limit=200), str(first["msg"])


def _draft(alert: _Alert, source: str, now: datetime) -> AlertDraft:
    labels = cast("dict[str, str]", redact_object(alert.labels))
    annotations = cast("dict[str, str]", redact_object(alert.annotations))
    name = redact(labels.get("alertname", "alert"), limit=200)
    summary = annotations.get("summary") or annotations.get("description") or ""
    return AlertDraft(
        source=source[:64],
        fingerprint=alert.fingerprint,
        name=name,
        resource=_resource(labels)[:200],
        status=alert.status,
        starts_at=_began(alert.startsAt, now),
        ends_at=_ended(alert.endsAt, now) if alert.status == AlertStatus.RESOLVED else None,
        semantic=_meaning(labels, name),
        value=_value(annotations),
        severity_label=labels.get("severity", "").lower()[:32],
        summary=redact(summary, limit=300),
        environment=(labels.get("environment") or labels.get("namespace") or "")[:64],
        labels=labels,
        annotations=annotations,
    )


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _began(at: datetime, now: datetime) -> datetime:
    at = _aware(at)
    if at < EARLIEST:
        raise PayloadError("startsAt", f"It is before {EARLIEST.year}: not a time of an alert.")
    if at > now + FUTURE_TOLERANCE:
        raise PayloadError("startsAt", "It is more than an hour in the future.")
    return at.astimezone(UTC)


def _ended(at: datetime | None, now: datetime) -> datetime | None:
    if at is None or not EARLIEST <= _aware(at) <= now + FUTURE_TOLERANCE:
        return None
    return _aware(at).astimezone(UTC)


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
        value = float(annotations.get("value", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
