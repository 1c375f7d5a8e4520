"""A worker process with a model, to be killed: ``python -m tests.agents.llm.worker ID URL``."""

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "sre_workspace.settings_test"
django.setup()

from django.conf import settings  # noqa: E402

from agents.domain.drain import drain  # noqa: E402
from investigations.jobs import muted  # noqa: E402

settings.LLM_PROVIDER, settings.LLM_BASE_URL = "openai", sys.argv[2]
with muted():
    sys.exit(0 if drain(int(sys.argv[1]), timeout_seconds=60) else 1)
