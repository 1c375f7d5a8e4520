"""Let search find whom past incidents hurt and the changes that are blamed, by words."""

from django.db import migrations

ADD = """
UPDATE investigations_incidentmemory m
SET words = coalesce(m.words, ''::tsvector) || to_tsvector('english', left(replace(
    concat_ws(' ', d.happening, jsonb_path_query_array(d.causal_chain, '$[*].resource')::text,
              a.names, c.told), '/', ' '), 8000))
FROM (
    SELECT DISTINCT ON (incident_id) id, incident_id FROM investigations_investigation
    ORDER BY incident_id, id DESC
) i
LEFT JOIN LATERAL (
    SELECT happening, causal_chain, change_id FROM investigations_diagnosis
    WHERE investigation_id = i.id ORDER BY number DESC LIMIT 1
) d ON true
LEFT JOIN LATERAL (
    SELECT string_agg(DISTINCT resource, ' ') AS names FROM investigations_alert
    WHERE incident_id = i.incident_id
) a ON true
LEFT JOIN LATERAL (
    SELECT string_agg(claim, ' ') AS told
    FROM investigations_evidence
    WHERE investigation_id = i.id AND kind = 'change'
      AND (coalesce(d.change_id, '') = ''
           OR sample->'finding'->>'change_id' = d.change_id)
) c ON true
WHERE i.incident_id = m.incident_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("investigations", "0024_incident_signs"),
    ]

    operations = [
        migrations.RunSQL(ADD, migrations.RunSQL.noop),
    ]
