"""Whether every part serves: what ``/healthz`` says."""

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from sre_workspace.heartbeat import DEAD_AFTER_SECONDS, PARTS, heartbeat_key


def check_parts() -> dict[str, str]:
    """Return ``ok`` or a reason for each part. One query and one round trip to Redis."""
    result = {"database": check_database()}
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)
        alive = client.mget([heartbeat_key(part) for part in PARTS])
    except redis.RedisError as error:
        return result | {"redis": f"does not answer: {type(error).__name__}"}
    result["redis"] = "ok"
    for part, beat in zip(PARTS, alive, strict=True):  # type: ignore[arg-type]  # a sync client
        result[part] = "ok" if beat else f"no heartbeat for {DEAD_AFTER_SECONDS} s"
    if settings.TELEMETRY_DEFAULT.get("kind") == "lab":
        result["lab"] = _lab()
    return result


def check_database() -> str:
    """Return ``ok``, or why the database does not serve."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"does not answer: {type(error).__name__}"
    return "ok"


def _lab() -> str:
    import httpx  # noqa: PLC0415  # only where the lab is used

    try:
        # A unix socket has no TLS: loading the certificates would take 40 ms a client.
        transport = httpx.HTTPTransport(uds=settings.LAB_SOCKET, verify=False)
        with httpx.Client(transport=transport, timeout=2) as client:
            answer = client.get("http://lab/health")
    except httpx.HTTPError as error:
        return f"does not answer: {type(error).__name__}"
    return "ok" if answer.status_code == 200 else f"answers {answer.status_code}"
