"""A pytest plugin: one real PostgreSQL for the whole run.

Loaded by ``-p tests.database`` because pytest-django reads the settings before any conftest.
"""

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path


def start() -> None:
    """Start the database once; xdist workers inherit its address."""
    if os.environ.get("SRE_TEST_DATABASE"):
        return
    from sre_workspace.embedded.postgres import EmbeddedPostgres

    folder = Path(tempfile.mkdtemp(prefix="sre-test-"))
    folder.chmod(0o711)
    server = EmbeddedPostgres(
        data=folder / "data", sockets=folder / "s", log=folder / "pg.log", is_durable=False
    )
    server.start()
    os.environ["DATABASE_URL"] = server.url()
    os.environ["SRE_STATE_DIR"] = str(folder / "state")
    os.environ["SRE_TEST_DATABASE"] = str(os.getpid())

    def stop() -> None:
        if server.process is not None and server.process.poll() is None:
            server.process.send_signal(signal.SIGINT)
            server.process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)


os.environ["DJANGO_SETTINGS_MODULE"] = "sre_workspace.settings_test"
start()
