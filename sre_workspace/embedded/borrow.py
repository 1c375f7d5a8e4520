"""The embedded database for one management command, when ``up`` does not run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from sre_workspace.embedded.children import end_leftovers, forget_pid, write_pid
from sre_workspace.embedded.lock import StateLock
from sre_workspace.embedded.paths import StateError, StatePaths, prepare
from sre_workspace.embedded.postgres import DATABASE, EmbeddedPostgres
from sre_workspace.embedded.secret import ensure_secret_key

# These start services of their own, or ask the database nothing.
WITHOUT_DATABASE = frozenset(
    {"up", "bench", "help", "version", "check", "collectstatic", "makemigrations", "diffsettings"}
)
WAIT_SECONDS = 60.0


def needs_database(arguments: Sequence[str]) -> bool:
    """Whether a command line of ``manage.py`` names a command that asks the database."""
    words = [word for word in arguments if not word.startswith("-")]
    is_help = any(word in {"-h", "--help", "--version"} for word in arguments)
    return bool(words) and not is_help and words[0] not in WITHOUT_DATABASE


def is_answering(url: str) -> bool:
    """Whether a server answers at a URL, and has our database."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def borrowed_database(paths: StatePaths, *, name: str) -> Iterator[bool]:
    """Use the running database, or run it for the length of the block. Yields whether it is ours.

    Commands that borrow wait for one another: the first would stop the server under the second.

    Raises:
        StateError: It cannot start, or another command keeps it for longer than a minute.
    """
    prepare(paths)
    server = EmbeddedPostgres(paths.postgres, paths.postgres_sockets, paths.logs / "postgres.log")
    lock = StateLock(paths.lock)
    if not lock.take(f"manage.py {name}"):
        if is_answering(server.url(DATABASE)) and lock.owner().startswith("http"):
            yield False
            return
        if not lock.take(f"manage.py {name}", timeout_seconds=WAIT_SECONDS):
            raise StateError(f"The database is in use by {lock.owner()}.")
    try:
        ensure_secret_key(paths)
        end_leftovers(paths.pids)
        server.start()
        if server.process is not None:
            write_pid(paths.pids, "postgres", server.process.pid)
        yield True
    finally:
        server.stop()
        forget_pid(paths.pids, "postgres")
        lock.release()
