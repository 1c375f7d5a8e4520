"""Triggers that keep evidence, diagnoses, the journal and the audit log append-only."""

from django.db import migrations

TABLES = (
    "investigations_boardevent",
    "investigations_evidence",
    "investigations_diagnosis",
    "investigations_auditentry",
)
CREATE = """
CREATE OR REPLACE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
""" + "".join(
    f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();\n"
    for table in TABLES
)
DROP = "".join(f"DROP TRIGGER append_only ON {table};\n" for table in TABLES) + (
    "DROP FUNCTION refuse_rewrite();"
)


class Migration(migrations.Migration):
    """TRUNCATE stays possible: tests use it, and only the database's owner may."""

    dependencies = (("investigations", "0001_initial"),)
    operations = (migrations.RunSQL(CREATE, DROP),)
