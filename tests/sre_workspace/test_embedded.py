"""The embedded services, one by one: as root, as a plain user, and lent to a command."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from sre_workspace.bench.stack import ROOT, stack_environment
from sre_workspace.embedded.binaries import copied_binaries, installed_binaries
from sre_workspace.embedded.borrow import needs_database
from sre_workspace.embedded.lock import StateLock
from sre_workspace.embedded.paths import SERVICE_USER, StateError, is_reachable, make_private
from sre_workspace.embedded.postgres import EmbeddedPostgres
from sre_workspace.embedded.valkey import EmbeddedValkey

pytestmark = pytest.mark.integration
IS_ROOT = os.geteuid() == 0
PLAIN_UID = pwd.getpwnam("daemon").pw_uid


def _postgres(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder / "data", folder / "s", folder / "pg.log", is_durable=False)


def test_postgres_keeps_its_data_and_leaves_no_process(folder: Path) -> None:
    server = _postgres(folder)
    server.start()
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    assert process.username() == (SERVICE_USER if IS_ROOT else psutil.Process().username())
    family = [process, *process.children(recursive=True)]
    with psycopg.connect(server.url()) as connection:
        connection.execute("CREATE EXTENSION vector")
        connection.execute("CREATE TABLE kept AS SELECT '[1,2]'::vector AS v")
        version = connection.execute("SHOW server_version").fetchone()
    assert version is not None
    assert version[0].startswith("18")
    server.stop()
    assert [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []

    server.start()
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT v::text FROM kept").fetchone() == ("[1,2]",)
    server.stop()


def test_postgres_starts_again_after_a_kill(folder: Path) -> None:
    server = _postgres(folder)
    server.start()
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    server.start()
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.stop()


@pytest.mark.skipif(not IS_ROOT, reason="a plain user starts the binaries where they are")
def test_binaries_that_the_service_user_cannot_reach_are_copied(folder: Path) -> None:
    copy = copied_binaries(installed_binaries(), folder)
    assert copied_binaries(installed_binaries(), folder) == copy
    version = subprocess.run(
        [str(copy / "bin" / "initdb"), "--version"], user=PLAIN_UID, capture_output=True, text=True,
        cwd="/", check=True,
    )  # fmt: skip
    assert " 18" in version.stdout


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    server = _postgres(folder)
    server.start()
    server.stop()
    (folder / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(StateError, match="no_such_setting"):
        server.start(timeout_seconds=10)
    server.stop()


def test_valkey_keeps_messages_and_never_evicts(folder: Path) -> None:
    server = EmbeddedValkey(folder / "v.sock", folder / "v", folder / "v.log")
    server.start()
    client = redis.Redis(unix_socket_path=str(folder / "v.sock"), decode_responses=True)
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.config_get("port") == {"port": "0"}
    client.rpush("queue", "a message")
    server.stop()
    server.start()
    assert client.lrange("queue", 0, -1) == ["a message"]
    client.close()
    server.stop()


def test_a_state_lock_has_one_owner_and_falls_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first, second = StateLock(path), StateLock(path)
    assert first.take("first")
    assert not second.take("second")
    assert second.owner() == f"first (process {os.getpid()})"
    first.release()
    assert second.take("second")
    second.release()
    code = (
        "import os, sys; from pathlib import Path\n"
        "from sre_workspace.embedded.lock import StateLock\n"
        f"assert StateLock(Path({str(path)!r})).take('child'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=20)
    assert first.take("first")
    first.release()


@pytest.mark.skipif(not IS_ROOT, reason="only root can make a folder that is another's")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, PLAIN_UID, PLAIN_UID)
    with pytest.raises(StateError, match="belongs to another user"):
        make_private(theirs)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["migrate"], True),
        (["investigate", "x", "--json"], True),
        (["up", "--port", "1"], False),
        (["help", "migrate"], False),
        (["migrate", "--help"], False),
        (["makemigrations", "--check"], False),
        ([], False),
    ],
)
def test_which_commands_borrow_the_database(line: list[str], expected: bool) -> None:
    assert needs_database(line) is expected


def test_a_command_runs_the_database_for_its_own_length(folder: Path) -> None:
    state = folder / "state"
    done = subprocess.run(
        [sys.executable, "manage.py", "make_account", "ann", "--role=viewer", "--password-stdin"],
        cwd=ROOT, env=stack_environment(state), input="a long pass phrase\n", text=True,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "ann: viewer"), done.stderr
    assert list((state / "pids").iterdir()) == []
    here = str(state)
    assert [p.pid for p in psutil.process_iter(["cmdline"]) if here in str(p.info["cmdline"])] == []


def _plain_python() -> str | None:
    """Return an interpreter of our version that a plain user may run."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, shutil.which(version, path="/usr/bin:/usr/local/bin")):
        if candidate and is_reachable(Path(candidate).resolve(), SERVICE_USER):
            return candidate
    return None


@pytest.mark.skipif(not IS_ROOT, reason="every other test already runs as a plain user")
def test_a_plain_user_can_run_the_database(folder: Path) -> None:
    python = _plain_python()
    if python is None or not is_reachable(ROOT, SERVICE_USER):
        pytest.skip("no interpreter that a plain user may run")
    own = folder / "own"
    own.mkdir()
    os.chown(own, PLAIN_UID, PLAIN_UID)
    code = (
        "import os; from pathlib import Path\n"
        "from sre_workspace.embedded.borrow import borrowed_database\n"
        "from sre_workspace.embedded.paths import state_paths\n"
        "paths = state_paths()\n"
        "with borrowed_database(paths, name='test') as is_ours:\n"
        "    print(os.getuid(), is_ours, (paths.postgres / 'PG_VERSION').read_text().strip())\n"
    )
    packages = next(p for p in sys.path if p.endswith("site-packages"))
    done = subprocess.run(
        [python, "-c", code], cwd=ROOT, user=PLAIN_UID, group=PLAIN_UID, extra_groups=[],
        env={"PATH": os.environ["PATH"], "HOME": str(own), "SRE_STATE_DIR": str(own / "state"),
             "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.split() == [str(PLAIN_UID), "True", "18"], done.stderr
