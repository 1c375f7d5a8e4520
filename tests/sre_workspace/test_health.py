"""``/healthz`` names the part that does not serve."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import LazySettings
from django.test import Client

from sre_workspace.embedded.valkey import EmbeddedValkey
from sre_workspace.heartbeat import PARTS, forget_heartbeats, heartbeat_key

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def valkey(settings: LazySettings, folder: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(folder / "v.sock", folder / "v", folder / "v.log")
    server.start()
    settings.REDIS_URL = server.url()
    settings.TELEMETRY_DEFAULT = {"kind": "recorded"}
    yield server
    server.stop()


def test_all_parts_alive(client: Client, valkey: EmbeddedValkey) -> None:
    redis.Redis.from_url(valkey.url()).mset({heartbeat_key(p): 1 for p in PARTS})
    answer = client.get("/healthz")
    parts = dict.fromkeys(("database", "redis", *PARTS), "ok")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "parts": parts})


def test_a_silent_worker_is_named(client: Client, valkey: EmbeddedValkey) -> None:
    redis.Redis.from_url(valkey.url()).mset({heartbeat_key(p): 1 for p in PARTS})
    redis.Redis.from_url(valkey.url()).delete(heartbeat_key("remediate"))
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert [k for k, v in answer.json()["parts"].items() if v != "ok"] == ["remediate"]


def test_what_an_earlier_run_left_does_not_count(client: Client, valkey: EmbeddedValkey) -> None:
    redis.Redis.from_url(valkey.url()).mset({heartbeat_key(p): 1 for p in PARTS})
    forget_heartbeats(valkey.url())
    failing = client.get("/healthz").json()["parts"]
    assert [k for k, v in failing.items() if v != "ok"] == list(PARTS)


def test_a_lost_broker_is_named(client: Client, valkey: EmbeddedValkey) -> None:
    valkey.stop()
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["redis"].startswith("does not answer")


def test_a_lost_lab_is_named(
    client: Client, valkey: EmbeddedValkey, settings: LazySettings, tmp_path: Path
) -> None:
    settings.TELEMETRY_DEFAULT = {"kind": "lab"}
    settings.LAB_SOCKET = str(tmp_path / "no.sock")
    assert client.get("/healthz").json()["parts"]["lab"].startswith("does not answer")
