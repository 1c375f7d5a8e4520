"""Probes: the process that works passes, the one that does not fails."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import LazySettings
from django.test import Client

from sre_workspace.embedded.children import stop_child
from sre_workspace.embedded.valkey import installed_binary
from sre_workspace.probe import BEAT_SILENT_SECONDS, is_beat_ticking, is_web_live, main
from tests.architecture.tree import ROOT

pytestmark = pytest.mark.integration

WORKER = [
    "-m", "celery", "-A", "sre_workspace.metronome", "worker", "--loglevel", "WARNING",
    "--without-gossip", "--without-mingle", "--pool", "threads", "--concurrency", "1",
    "-Q", "nothing", "-n", "remediate@%h",
]  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    port = _free_port()
    server = subprocess.Popen(
        [installed_binary(), "--port", str(port), "--bind", "127.0.0.1", "--save", "",
         "--dir", tmp_path], stdout=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"redis://127.0.0.1:{port}/0"
    _until(lambda: _answers(address))
    yield address
    server.kill()
    server.wait(10)


def _answers(address: str) -> bool:
    try:
        return bool(redis.Redis.from_url(address).ping())
    except redis.ConnectionError:
        return False


def _until(condition: object, seconds: float = 40.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


def _environment(broker: str, folder: Path) -> dict[str, str]:
    return os.environ | {
        "REDIS_URL": broker,
        "DJANGO_SETTINGS_MODULE": "sre_workspace.settings",
        "TMPDIR": str(folder),
    }


def _probe(part: str, environment: dict[str, str]) -> int:
    return subprocess.run(
        [sys.executable, "-m", "sre_workspace.probe", part],
        cwd=ROOT, env=environment, check=False, timeout=60, stderr=subprocess.DEVNULL,
    ).returncode  # fmt: skip


def test_a_worker_that_takes_no_more_work_fails_though_it_lives(
    broker: str, tmp_path: Path
) -> None:
    environment = _environment(broker, tmp_path)
    worker = subprocess.Popen(
        [sys.executable, *WORKER], cwd=ROOT, env=environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _until(lambda: redis.Redis.from_url(broker).exists("sre:alive:remediate"))
        assert _probe("remediate", environment) == 0
        # Stopped, it holds its connection and takes nothing.
        worker.send_signal(signal.SIGSTOP)
        assert _probe("remediate", environment) == 1
    finally:
        stop_child(worker, signal.SIGKILL, timeout_seconds=10)


def test_without_a_broker_a_worker_fails(tmp_path: Path) -> None:
    nowhere = f"redis://127.0.0.1:{_free_port()}/0"
    assert _probe("remediate", _environment(nowhere, tmp_path)) == 1


def test_beat_passes_while_it_writes_its_schedule(broker: str, tmp_path: Path) -> None:
    environment = _environment(broker, tmp_path)
    assert _probe("beat", environment) == 1
    command = ["-m", "celery", "-A", "sre_workspace.metronome", "beat", "--loglevel", "WARNING",
               "-s", str(tmp_path / "beat-schedule"), "--pidfile", ""]  # fmt: skip
    beat = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _until(lambda: is_beat_ticking(tmp_path / "beat-schedule"))
        assert _probe("beat", environment) == 0
    finally:
        stop_child(beat, signal.SIGKILL, timeout_seconds=10)


@pytest.mark.parametrize(("age_seconds", "is_ticking"), [(0, True), (900, False)])
def test_an_old_schedule_is_no_tick(tmp_path: Path, age_seconds: int, is_ticking: bool) -> None:
    assert 0 < BEAT_SILENT_SECONDS < 900
    schedule = tmp_path / "beat-schedule.db"
    schedule.touch()
    written = time.time() - age_seconds
    os.utime(schedule, (written, written))
    assert is_beat_ticking(tmp_path / "beat-schedule") is is_ticking


def test_a_web_process_that_is_not_there_is_not_live() -> None:
    assert is_web_live(port=_free_port()) is False


def test_an_unknown_part_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab"]) == 2
    assert "Usage" in capsys.readouterr().err


@pytest.mark.django_db
def test_live_and_ready_do_not_depend_on_redis_or_the_workers(
    client: Client, settings: LazySettings
) -> None:
    """Else one dead worker would take away the pages, and the kill switch with them."""
    settings.REDIS_URL = f"redis://127.0.0.1:{_free_port()}/0"
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz/live").status_code == 200
    assert client.get("/healthz/ready").json() == {"status": "ok"}
    assert client.get("/healthz").status_code == 503


@pytest.mark.django_db
def test_without_a_database_live_passes_and_ready_fails(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError, connection

    def refuse() -> None:
        raise OperationalError("the server is gone")

    monkeypatch.setattr(connection, "cursor", refuse)
    assert client.get("/healthz/live").status_code == 200
    answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.json()) == (
        503, {"status": "does not answer: OperationalError"},
    )  # fmt: skip
