"""Emptying the database after a test that committed: only what holds rows, and nothing made anew.

Django truncates every table and then writes its content types and permissions again, after each test.
"""

from functools import cache

from django.db import connection, transaction
from django.test import TransactionTestCase

# What migrations write for Django's own use and a flush would write again the same.
KEPT = {"django_content_type", "auth_permission"}
# Tables that may be truncated alone, for nothing refers to them, although their index keeps what was deleted.
INDEXED = """
    SELECT DISTINCT i.indrelid::regclass::text FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
    WHERE m.amname IN ('hnsw', 'gin')
      AND NOT EXISTS (SELECT 1 FROM pg_constraint f WHERE f.contype = 'f' AND f.confrelid = i.indrelid)
"""


def empty_tables() -> None:
    """Delete every row, with triggers off: some tables refuse it, and references need no order."""
    ask, indexed = _tables()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ask)
        filled = [name for (name,) in cursor.fetchall()]
        if not filled:
            return
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name in filled:
            how = "TRUNCATE" if name in indexed else "DELETE FROM"
            cursor.execute(f"{how} {connection.ops.quote_name(name)}")


@cache
def _tables() -> tuple[str, set[str]]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    parts = [
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(name)})"  # noqa: S608
        for name in sorted(set(names) - KEPT)
    ]
    with connection.cursor() as cursor:
        cursor.execute(INDEXED)
        return " UNION ALL ".join(parts), {name for (name,) in cursor.fetchall()}


def use() -> None:
    """Empty this way after every test that commits, instead of flushing."""
    TransactionTestCase._fixture_teardown = lambda self: empty_tables()
