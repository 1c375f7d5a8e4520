"""Append-only triggers for approvals and outcomes, and the global kill switch's row."""

from django.db import migrations

TABLES = ("remediation_approval", "remediation_actionoutcome")
CREATE = "".join(
    f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();\n"
    for table in TABLES
)
DROP = "".join(f"DROP TRIGGER append_only ON {table};\n" for table in TABLES)
SWITCH = """
INSERT INTO remediation_killswitch (scope, is_engaged, reason)
VALUES ('global', false, '') ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = (
        ("remediation", "0001_initial"),
        ("investigations", "0002_append_only"),
    )
    operations = (
        migrations.RunSQL(CREATE, DROP),
        migrations.RunSQL(SWITCH, migrations.RunSQL.noop),
    )
