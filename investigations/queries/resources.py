"""The resources that incidents were about."""

from django.db import connection

# Each step jumps to the next value by the index: as many steps as values, not as rows.
NAMES = """
WITH RECURSIVE jump AS (
    (SELECT resource FROM investigations_incident ORDER BY resource LIMIT 1)
    UNION ALL
    SELECT (SELECT resource FROM investigations_incident WHERE resource > jump.resource
            ORDER BY resource LIMIT 1)
    FROM jump WHERE jump.resource IS NOT NULL
)
SELECT resource FROM jump WHERE resource IS NOT NULL LIMIT %s
"""
LIMIT = 2000


def incident_resources(*, limit: int = LIMIT) -> list[str]:
    """Return the keys of the resources that incidents were about, in order. One query."""
    with connection.cursor() as cursor:
        cursor.execute(NAMES, [limit])
        return [str(row[0]) for row in cursor.fetchall()]


def matching_resources(text: str) -> list[str]:
    """Return the keys of resources whose name holds the text, whatever its case. One query."""
    wanted = text.casefold()
    return [key for key in incident_resources() if wanted in key.casefold()]
