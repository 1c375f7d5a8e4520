"""What is complained of is looked at first, and what several agents need is worked out once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agents.domain.casework import open_case
from agents.enums import AgentName, Presence
from agents.scoping import build_case
from agents.specialists.metric_checks import check_complaints, check_metrics
from agents.specialists.reader import Reader
from agents.specialists.registry import REGISTRY

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def test_the_complaint_is_the_first_finding_and_is_told_once(lab_incident) -> None:
    case = open_case(lab_incident("retry_storm", is_worked=False).investigation).case
    case = build_case(case.sources, case.symptoms, case.window, case.baseline)
    found = list(REGISTRY[AgentName.NETWORK].gather(case))
    assert (found[0].feature, found[0].resource) == ("error_rise", case.symptoms[0].resource)
    assert len({f.key for f in found}) == len(found)
    # Alone or with everything else, the same series tell the same.
    (alone,) = check_complaints(case, AgentName.NETWORK)
    whole = [f for f in check_metrics(Reader(case, AgentName.NETWORK)) if f.key == alone.key]
    assert [(f.presence, f.claim, f.sample) for f in whole] == [
        (Presence.PRESENT, alone.claim, alone.sample)
    ]


def test_what_several_threads_ask_for_is_worked_out_once(lab_incident) -> None:
    case = open_case(lab_incident("bad_release_latency", is_worked=False).investigation).case
    worked, begun = [], threading.Barrier(4)

    def ask() -> int:
        begun.wait(timeout=10)
        return case.once("a count", lambda: worked.append(1) or len(worked))

    with ThreadPoolExecutor(4) as pool:
        assert {f.result() for f in [pool.submit(ask) for _ in range(4)]} == {1}
    assert case.once("refused", lambda: 1, is_kept=lambda found: False) == 1
    assert case.once("refused", lambda: 2) == 2, "what is not kept is worked out again"
