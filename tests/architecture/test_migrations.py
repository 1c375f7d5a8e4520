"""The migrations say what the models say."""

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.integration


@pytest.mark.django_db
def test_no_migration_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("makemigrations", "--check", "--dry-run")
    assert capsys.readouterr().out.strip() == "No changes detected"
