"""Django finds nothing to warn of in a deployment behind TLS."""

import os
import re
import subprocess
import sys

import pytest

from tests.architecture.tree import ROOT

pytestmark = pytest.mark.integration

PRODUCTION = {
    "DATABASE_URL": "postgresql://user:password@database.example.org/name",
    "REDIS_URL": "redis://redis.example.org:6379/0",
    "SRE_SECRET_KEY": "Vd7kQ2mW9xZs4TnB6yLc3RfH8pJg5KuE1aXo0iMtNqPrSwUvYbCe",
    "SRE_ALLOWED_HOSTS": "warroom.example.org",
    "SRE_TRUSTED_ORIGINS": "https://warroom.example.org",
}


def _check(tls: str) -> subprocess.CompletedProcess[str]:
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("SRE_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env=mine | PRODUCTION | {"SRE_TLS": tls},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def test_behind_tls_there_is_nothing_to_warn_of() -> None:
    done = _check("yes")
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


def test_without_tls_it_warns_of_cookies_redirects_and_hsts() -> None:
    done = _check("")
    assert done.returncode == 1
    found = set(re.findall(r"security\.(W\d+)", done.stderr))
    assert {"W004", "W008", "W012", "W016"} <= found
