"""The public sets: where their cases lie, what they ask for, and when an answer is right.

The measures are those of the sets' papers. Nothing here is seen by the agents.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sre_workspace.evaluation import cloudopsbench
from sre_workspace.evaluation.running import CaseResult, RankedCause, name_of

Label = Mapping[str, Any]
Marks = dict[str, float]
LARGEST_CLAIM = 0.99


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """One set.

    Attributes:
        predict: The answer in the form of the set's own scorer.
        mark: What the answer is worth by the label: each measure 0..1.
        main: The measure that decides whether the first answer is right.
        fault_of: The type of fault, for grouping and for leaving one type out.
        has_history: Whether something was recorded before the fault; else a case is one snapshot,
            and no fault-free window can be cut from it.
    """

    slug: str
    predict: Callable[[CaseResult], object]
    mark: Callable[[Any, Label], Marks]
    main: str
    fault_of: Callable[[Label], str]
    has_history: bool = True

    def is_right(self, result: CaseResult, cause: RankedCause, label: Label) -> bool:
        """Whether one of a result's causes, taken by itself for a verdict, is the right answer."""
        return self.mark(self._answer(result, cause), label)[self.main] >= 1

    def claimed(self, result: CaseResult) -> float:
        """Return what is claimed for the first answer: by all causes that come to the same answer."""
        first = self._answer(result, result.causes[0])
        same = [c.probability for c in result.causes if self._answer(result, c) == first]
        return min(sum(same), LARGEST_CLAIM)

    def _answer(self, result: CaseResult, cause: RankedCause) -> object:
        return self.predict(replace(result, causes=[cause], verdict="likely_cause"))


def case_paths(folder: Path) -> list[Path]:
    """Return the cases of a set's folder, or of a folder of cases, by name."""
    cases = folder / "cases" if (folder / "cases").is_dir() else folder
    return sorted(
        p for p in cases.iterdir()
        if p.is_dir() or (p.name.endswith((".json", ".json.xz")) and p.name != "labels.json")
    )  # fmt: skip


def ranked_names(result: CaseResult) -> list[str]:
    """Return the blamed resources by name, the likeliest first, each once."""
    return list(dict.fromkeys(name_of(cause.resource) for cause in result.causes))


def _rank_marks(ranked: Sequence[str], truth: str) -> Marks:
    def within(count: int) -> float:
        return float(truth in ranked[:count])

    marks = {f"top{k}": within(k) for k in (1, 3, 5)}
    return marks | {"avg5": sum(within(k) for k in range(1, 6)) / 5}


def _by_service(answer: Any, label: Label) -> Marks:
    return _rank_marks(list(answer), str(label["root_cause_service"]))


def _by_node(answer: Any, label: Label) -> Marks:
    return _rank_marks(list(answer), str(label["root_cause_node"]))


def predict_commit(result: CaseResult) -> dict[str, object]:
    """Return the guilty commit, or none: only what passed the verdict rules is named."""
    leader = result.causes[0] if result.causes else None
    is_named = leader is not None and result.verdict == "likely_cause" and leader.change_id
    commit = leader.change_id if leader is not None and is_named else "none"
    affected = [name_of(r) for r in result.affected]
    return {
        "root_cause_commit": commit.rpartition("/")[2],
        "first_failing_service": name_of(leader.resource) if leader else "",
        "blast_radius": affected[1:], "remediation": "rollback" if is_named else "none",
    }  # fmt: skip


def _by_commit(answer: Any, label: Label) -> Marks:
    said, truth = str(answer["root_cause_commit"]), str(label["root_cause_commit"])
    is_right = said == truth or (truth != "none" and len(said) >= 7 and truth.startswith(said))
    decoys = [str(d) for d in label.get("decoy_deploy_commits", [])]
    is_decoy = not is_right and len(said) >= 7 and any(d.startswith(said) for d in decoys)
    return {"passed": float(is_right), "decoys": float(is_decoy)}


SETS: dict[str, EvaluationSet] = {
    s.slug: s
    for s in (
        EvaluationSet(
            "cloud-opsbench",
            cloudopsbench.predict,
            cloudopsbench.mark,
            "a1",
            lambda x: str(x["root_cause"]),
            has_history=False,
        ),
        EvaluationSet("changerca", ranked_names, _by_service, "top1", lambda x: str(x["fault"])),
        EvaluationSet(
            "nezha-trainticket", ranked_names, _by_service, "top1", lambda x: str(x["fault"])
        ),
        EvaluationSet("sockshop-rcd", ranked_names, _by_service, "top1", lambda x: str(x["fault"])),
        EvaluationSet(
            "petshop", ranked_names, _by_node, "top1", lambda x: str(x["root_cause_node"])
        ),
        EvaluationSet(
            "rootcausebench", predict_commit, _by_commit, "passed", lambda x: str(x["scenario"])
        ),
    )
}
