"""What has occurred in incidents: resources, classes of fault, actions."""

from django.db import connection
from psycopg import sql

# Each step jumps to the next value by the index: as many steps as values, not as rows.
DISTINCT = sql.SQL("""
WITH RECURSIVE jump AS (
    (SELECT {column} AS value FROM {table} ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT {column} FROM {table} WHERE {column} > jump.value ORDER BY {column} LIMIT 1)
    FROM jump WHERE jump.value IS NOT NULL
)
SELECT value FROM jump WHERE value IS NOT NULL LIMIT {limit}
""")
LIMIT = 2000


def _distinct(table: str, column: str) -> list[str]:
    query = DISTINCT.format(
        table=sql.Identifier(table), column=sql.Identifier(column), limit=sql.Literal(LIMIT)
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [str(row[0]) for row in cursor.fetchall() if row[0]]


def incident_resources() -> list[str]:
    """Return the keys of the resources that incidents were about, in order. One query."""
    return _distinct("investigations_incident", "resource")


def list_fault_classes() -> list[str]:
    """Return the classes of fault that were ever named, in order. One query."""
    return _distinct("investigations_incidentmemory", "fault_class")


def list_actions() -> list[str]:
    """Return the kinds of action that ever helped, in order. One query."""
    return _distinct("investigations_incidentmemory", "action")


def matching_resources(text: str) -> list[str]:
    """Return the keys of resources whose name holds the text, whatever its case. One query."""
    wanted = text.casefold()
    return [key for key in incident_resources() if wanted in key.casefold()]
