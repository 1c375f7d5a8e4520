"""A database of its own for a measurement, on the server in use."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from psycopg import sql


@contextmanager
def own_database(name: str, *, is_kept: bool = False) -> Iterator[None]:
    """Make and migrate a database, use it inside the block, and drop it unless it is kept."""
    usual = str(connection.settings_dict["NAME"])
    try:
        use_database(name, is_new=True)
        call_command("migrate", verbosity=0)
        yield
    finally:
        use_database(usual)
        if not is_kept:
            with connection.cursor() as cursor:
                cursor.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )


def use_database(name: str, *, is_new: bool = False) -> None:
    """Connect to another database of the same server, made first if it is new."""
    if is_new:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    connection.close()
    connection.settings_dict["NAME"] = name
