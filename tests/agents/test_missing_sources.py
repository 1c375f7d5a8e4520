"""Without a source that a cause shows in, nothing is concluded, and what is missing is named."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agents.case import Symptom
from agents.engine import investigate
from agents.reconciler.outcome import Outcome
from agents.scoping import build_case
from lab.inprocess import InProcessLabClient
from telemetry.adapters.lab import open_lab_sources
from telemetry.ask import guarded
from telemetry.types import TimeWindow
from tests.lab.practice import NOW, started

pytestmark = pytest.mark.unit


def concluded(slug: str, *, without: str = "") -> Outcome:
    world = started(slug)
    whole = open_lab_sources(InProcessLabClient(world))
    onset = TimeWindow(world.at(world.truth.onset_step - 5), NOW)
    first = whole.alerts.alerts(onset).data[0]
    sources = guarded(replace(whole, **({without: None} if without else {})))
    window = TimeWindow(first.starts_at - timedelta(minutes=5), NOW)
    symptom = Symptom(first.resource, first.starts_at, first.summary, first.semantic)
    baseline = TimeWindow(window.start - timedelta(minutes=15), window.start)
    return investigate(build_case(sources, (symptom,), window, baseline))


@pytest.mark.capability(23)
@pytest.mark.parametrize(
    ("slug", "part"),
    [("packet_loss", "metrics"), ("certificate_expiry", "metrics"),
     ("bad_release_errors", "changes")],
)  # fmt: skip
def test_without_the_source_that_tells_it_the_verdict_is_inconclusive_and_says_why(
    slug, part
) -> None:
    whole, less = concluded(slug), concluded(slug, without=part)
    assert (whole.verdict, whole.gaps) == ("likely_cause", ())
    assert (less.verdict, less.confidence) == ("inconclusive", None)
    assert any(f"No {part} from" in gap and "is connected" in gap for gap in less.gaps)
    assert any(step.startswith(f"Connect or repair: No {part}") for step in less.next_steps)
    assert part in less.sources_asked
    assert part not in less.sources_answered


@pytest.mark.capability(23)
@pytest.mark.parametrize("part", ["logs", "cluster"])
def test_what_is_still_clear_is_less_sure_with_a_source_less(part) -> None:
    whole, less = concluded("disk_full"), concluded("disk_full", without=part)
    assert less.verdict == "likely_cause"
    assert less.confidence < whole.confidence
    assert less.gaps
