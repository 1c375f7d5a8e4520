"""Beat, without Django: it sends names on time, and needs neither models nor a database."""

import os

from celery import Celery

from sre_workspace.heartbeat import connect_heartbeats

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sre_workspace.settings")
app = Celery("metronome", fixups=set())
app.config_from_object("sre_workspace.settings", namespace="CELERY")
connect_heartbeats()
