"""A worker process of its own, so that it can be killed: ``python -m tests.faults.worker ID``."""

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "sre_workspace.settings_test"
django.setup()

from agents.domain.drain import drain  # noqa: E402
from investigations.jobs import muted  # noqa: E402

with muted():
    sys.exit(0 if drain(int(sys.argv[1]), timeout_seconds=60) else 1)
