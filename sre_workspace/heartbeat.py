"""Each process says every two seconds that it lives; ``/healthz`` reads it."""

import threading
import time

import redis
import structlog
from celery.signals import beat_init, worker_ready
from django.conf import settings

BEAT_SECONDS = 2.0
DEAD_AFTER_SECONDS = 10
PARTS = ("investigate", "remediate", "beat")
log = structlog.get_logger(__name__)


def heartbeat_key(part: str) -> str:
    """Return the Redis key under which a part says that it lives."""
    return f"sre:alive:{part}"


def forget_heartbeats(url: str) -> None:
    """Remove what an earlier run left in a Redis of our own, so that only the living count."""
    redis.Redis.from_url(url, socket_timeout=2).delete(*map(heartbeat_key, PARTS))


def _beat(part: str) -> None:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2)
    while True:
        try:
            client.set(heartbeat_key(part), str(time.time()), ex=DEAD_AFTER_SECONDS)
        except redis.RedisError as error:
            log.warning("heartbeat.lost", part=part, error=str(error))
        time.sleep(BEAT_SECONDS)


def start_heartbeat(part: str) -> None:
    """Start the thread that beats for this process."""
    threading.Thread(target=_beat, args=(part,), name="heartbeat", daemon=True).start()


def _on_worker_ready(sender: object, **_: object) -> None:
    start_heartbeat(str(getattr(sender, "hostname", "worker")).partition("@")[0])


def _on_beat(sender: object, **_: object) -> None:
    start_heartbeat("beat")


def connect_heartbeats() -> None:
    """Beat in every worker and in beat, once each is up."""
    worker_ready.connect(_on_worker_ready, weak=False)
    beat_init.connect(_on_beat, weak=False)
