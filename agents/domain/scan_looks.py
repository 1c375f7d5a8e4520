"""One look of a scan at the connected systems: asked once, refused in one way, cited in one way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings

from investigations.domain.scan_findings import FindingDraft
from telemetry.ask import GuardedSources, guarded
from telemetry.backends import open_sources
from telemetry.results import Provenance, QueryResult, ResultStatus
from telemetry.types import Semantic, Series, TimeWindow

T = TypeVar("T")


class Blind(Exception):
    """A scan cannot look: a source did not answer. Its words are for people."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was asked, when, and how much of it was answered."""

    window: TimeWindow
    told: Provenance
    is_whole: bool
    series: tuple[Series, ...] = ()

    def draft(
        self, *, key: str, title: str, advice: str, resource: str, facts: tuple[tuple[str, str], ...],
        of: Series | None = None,
    ) -> FindingDraft:  # fmt: skip
        """Return a finding that cites this look; ``of``: by the own query of a series."""
        return FindingDraft(
            key=key, title=title, advice=advice, resource=resource, facts=facts,
            window_start=self.window.start, window_end=self.window.end, source=self.told.source,
            query=(of.ref.query if of is not None else "") or self.told.query,
        )  # fmt: skip


def default_sources() -> GuardedSources:
    """Return the default sources, each question within its deadline."""
    return guarded(
        open_sources(settings.TELEMETRY_DEFAULT),
        deadline_seconds=settings.TELEMETRY_DEADLINE_SECONDS,
    )


def needs_answer(answer: QueryResult[T], what: str) -> None:
    """Go on only with an answer.

    Raises:
        Blind: There is none; it says what was asked and why.
    """
    if not answer.is_answer:
        raise Blind(f"{what}: {answer.message or answer.status.value}")


def look_at(
    meanings: Sequence[Semantic], *, now: datetime, back: timedelta, step_seconds: float
) -> Look:
    """Read every series of these meanings that the default sources have of the time before ``now``.

    Raises:
        Blind: They did not answer.
    """
    window = TimeWindow(now - back, now)
    answer = default_sources().metrics.read_semantic(
        [], meanings, window, step_seconds=step_seconds
    )
    needs_answer(answer, "Metrics")
    return Look(window, answer.provenance, answer.status is ResultStatus.OK, answer.data)
