"""Slowing down whoever guesses passwords: counted in Postgres, for all web processes together.

Three counts, each of failures within ``WINDOW``: of a name from an address, of a name from
anywhere, of an address for any name. Past its limit each makes the next try wait, twice as long
each time up to a cap. A try is counted before its password is looked at, so a thousand at once gain
nothing. The cap of a name is short: nobody can lock a colleague out for long, and who is signed in
stays so. Names are kept as digests: people type passwords into the wrong field.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from investigations.domain.audit import record_audit
from investigations.domain.clock import database_now
from sre_workspace.models import SignInTries

WINDOW = timedelta(minutes=15)
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """``free`` tries without a wait, then ``first_seconds``, doubling up to ``cap_seconds``."""

    free: int
    first_seconds: int
    cap_seconds: int

    def wait_after(self, tries: int) -> timedelta:
        """Return how long the next try waits after so many."""
        if tries < self.free:
            return timedelta(0)
        doublings = min(tries - self.free, 16)
        return timedelta(seconds=min(self.first_seconds * 2**doublings, self.cap_seconds))


LIMITS = {"pair": Limit(5, 15, 900), "name": Limit(20, 5, 60), "address": Limit(50, 5, 60)}


def take_try(*, name: str, address: str) -> int:
    """Count one try, and return 0, or the seconds to wait: then it must not be made.

    Trying while a wait lasts counts nothing, so impatience does not lengthen it.
    """
    with transaction.atomic():
        now = database_now()
        SignInTries.objects.filter(last_at__lt=now - KEPT).delete()
        rows = []
        for kind, key in sorted(_keys(name, address).items()):
            SignInTries.objects.get_or_create(
                key=key, defaults={"last_at": now, "blocked_until": now}
            )
            rows.append((kind, SignInTries.objects.select_for_update().get(key=key)))
        wait = max(row.blocked_until - now for _, row in rows)
        if wait > timedelta(0):
            return max(1, round(wait.total_seconds()))
        for kind, row in rows:
            row.tries = 1 if row.last_at < now - WINDOW else row.tries + 1
            row.last_at = now
            row.blocked_until = now + LIMITS[kind].wait_after(row.tries)
            row.save()
            if row.tries == LIMITS[kind].free:
                record_audit(actor="system", verb="session.throttled", subject=f"sign-in/{kind}",
                             detail={"address": address, "tries": row.tries})  # fmt: skip
    return 0


def forgive(*, name: str, address: str) -> None:
    """Forget a name's failures from an address after the right password; its other counts stay."""
    SignInTries.objects.filter(key=_keys(name, address)["pair"]).delete()


def address_of(request: HttpRequest) -> str:
    """Return where a request comes from: behind TLS the last address that the proxy added."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.IS_BEHIND_TLS else ""
    return (forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR") or "")[:64]


def _keys(name: str, address: str) -> dict[str, str]:
    whole = {"pair": f"{name.casefold()}\n{address}", "name": name.casefold(), "address": address}
    return {
        kind: f"{kind}:{hashlib.sha256(text.encode()).hexdigest()}" for kind, text in whole.items()
    }
