"""The page of connections: what each is for, and what it really answered."""

from collections.abc import Mapping
from dataclasses import dataclass

from investigations.models import ConnectionCheck

Status = ConnectionCheck.Status
# A worker that has not answered by then is not there.
PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One part as it is shown."""

    title: str
    check: ConnectionCheck | None
    is_late: bool = False

    @property
    def status(self) -> str:
        """The state in words."""
        if self.check is None:
            return "not tested yet"
        if self.is_late:
            return "no worker has answered"
        return str(self.check.get_status_display())

    @property
    def is_good(self) -> bool:
        """Whether it answers."""
        return self.check is not None and self.check.status in {Status.OK, Status.PARTIAL}

    @property
    def is_waiting(self) -> bool:
        """Whether the answer is still to come."""
        return self.check is not None and self.check.status == Status.WAITING and not self.is_late


def present_connections(
    titles: Mapping[str, str], checks: Mapping[str, ConnectionCheck], now_seconds: float
) -> list[ConnectionRow]:
    """Return a row per part, in the order of the titles."""
    rows = []
    for name, title in titles.items():
        check = checks.get(name)
        is_late = (
            check is not None
            and check.status == Status.WAITING
            and now_seconds - check.requested_at.timestamp() > PATIENCE_SECONDS
        )
        rows.append(ConnectionRow(title, check, is_late))
    return rows
