"""Our classes of fault in Cloud-OpsBench's words, and what an answer is worth."""

import pytest

from agents.faults.registry import FAULTS
from sre_workspace.evaluation import cloudopsbench
from sre_workspace.evaluation.running import CaseResult, RankedCause

pytestmark = pytest.mark.unit
LABEL = {"fault_taxonomy": "Infrastructure_Fault", "fault_object": "node/n1",
         "root_cause": "kubelet_unavailable"}  # fmt: skip


def result(*causes: tuple[str, str]) -> CaseResult:
    rows = [RankedCause(resource, fault, "", 0.5) for resource, fault in causes]
    return CaseResult("made-up", "likely_cause", 0.9, rows, [], [], 0.1, 1.0)


def test_every_class_that_has_a_word_exists() -> None:
    assert set(cloudopsbench.CAUSES) <= set(FAULTS)


def test_an_answer_needs_object_cause_and_taxonomy() -> None:
    answer = cloudopsbench.predict(
        result(("service/a", "oom_kill"), ("node/n1", "kubelet_down"), ("service/b", "own_fault"))
    )
    assert answer["top_3_predictions"][0]["fault_object"] == "app/a"
    marks = cloudopsbench.mark(answer, LABEL)
    assert (marks["a1"], marks["a3"], marks["object1"]) == (0, 1, 0)


def test_two_classes_with_one_word_are_one_answer() -> None:
    answer = cloudopsbench.predict(
        result(("service/a", "cpu_overload"), ("service/a", "cpu_throttling"),
               ("service/b", "oom_kill"), ("service/c", "oom_kill"))
    )  # fmt: skip
    assert [r["fault_object"] for r in answer["top_3_predictions"]] == ["app/a", "app/b", "app/c"]
