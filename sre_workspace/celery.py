"""The Celery app: two queues, ids only, late acknowledgement."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sre_workspace.settings")

app = Celery("sre_workspace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def _connect(sender: Celery, **_: object) -> None:
    from sre_workspace.heartbeat import connect_heartbeats  # noqa: PLC0415  # needs the settings
    from sre_workspace.warming import connect_warming  # noqa: PLC0415

    connect_heartbeats()
    connect_warming()
