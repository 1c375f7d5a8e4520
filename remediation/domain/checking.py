"""What the executor of this worker may change, asked of the system itself."""

import time

from django.conf import settings

from investigations.domain.connections import EXECUTOR, save_check
from investigations.models import ConnectionCheck
from remediation.errors import ExecutorError, NotPlannable
from remediation.executors.registry import executor_for

Status = ConnectionCheck.Status


def check_executor() -> None:
    """Keep what the executor says of itself; nothing configured is an answer too."""
    began = time.monotonic()
    try:
        executor = executor_for(str(settings.TELEMETRY_DEFAULT["kind"]))
        sentence, status = executor.check(), Status.OK
    except NotPlannable as error:
        sentence, status = str(error), Status.NO_DATA
    except ExecutorError as error:
        sentence, status = str(error), Status.ERROR
    save_check(EXECUTOR, status, sentence, seconds=time.monotonic() - began)
