"""Claiming repeated work by lease and epoch, in Postgres: messages are only hints."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from telemetry.redaction import redact

CLAIM = """
INSERT INTO investigations_periodicjob (name, epoch, sentence, error, attempted_at, lease_until)
VALUES (%(name)s, 1, '', '', clock_timestamp(),
        clock_timestamp() + make_interval(secs => %(lease)s))
ON CONFLICT (name) DO UPDATE SET epoch = investigations_periodicjob.epoch + 1,
    attempted_at = clock_timestamp(),
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE (investigations_periodicjob.lease_until IS NULL
        OR investigations_periodicjob.lease_until < clock_timestamp())
    AND (%(forced)s OR investigations_periodicjob.due_at IS NULL
        OR investigations_periodicjob.due_at <= clock_timestamp())
RETURNING epoch, succeeded_at
"""
FINISH = """
UPDATE investigations_periodicjob SET lease_until = NULL, error = %(error)s,
    due_at = clock_timestamp() + make_interval(secs => %(every)s),
    succeeded_at = CASE WHEN %(error)s = '' THEN clock_timestamp() ELSE succeeded_at END,
    sentence = CASE WHEN %(error)s = '' THEN %(sentence)s ELSE sentence END
WHERE name = %(name)s AND epoch = %(epoch)s
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """One turn at a job. ``since``: when it last succeeded, if ever."""

    name: str
    epoch: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a turn came to. With an ``error`` it is tried again at the next due time."""

    sentence: str = ""
    error: str = ""


def run_when_due(
    name: str, *, every_seconds: float, lease_seconds: float, work: Callable[[Claim], Outcome],
    is_forced: bool = False,
) -> Outcome | None:  # fmt: skip
    """Do the work if it is due and nobody else does it now. Returns None when it was not done.

    The work must be idempotent: a worker that dies in it leaves a lease that runs out, and another
    begins anew. ``is_forced`` does it although it is not due yet, never beside another.
    """
    claim = _claim(name, lease_seconds, is_forced=is_forced)
    if claim is None:
        return None
    outcome = work(claim)
    with connection.cursor() as cursor:
        cursor.execute(
            FINISH,
            {"name": name, "epoch": claim.epoch, "every": every_seconds,
             "sentence": redact(outcome.sentence, limit=400),
             "error": redact(outcome.error, limit=400)},
        )  # fmt: skip
    return outcome


def _claim(name: str, lease_seconds: float, *, is_forced: bool) -> Claim | None:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"name": name, "lease": lease_seconds, "forced": is_forced})
        row = cursor.fetchone()
    return None if row is None else Claim(name, row[0], row[1])
