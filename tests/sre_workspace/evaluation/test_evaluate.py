"""``manage.py evaluate`` and ``learn`` over a small set of cases made here."""

import gzip
import json
import random
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from sre_workspace.evaluation.running import CaseResult, RankedCause
from sre_workspace.evaluation.scoring import score_all
from sre_workspace.evaluation.sets import SETS

SERVICES = ("front-end", "stock", "ledger")


def write_case(folder: Path, guilty: str, seed: int) -> None:
    """Two tables of a second's step: the guilty service's CPU and latency rise, the front end's too."""
    rng = random.Random(seed)  # no secret
    folder.mkdir(parents=True)
    columns = ["time", *(f"{s}_{m}" for s in SERVICES for m in ("cpu", "lat_90"))]
    for part, start in (("normal", 1_700_000_000), ("anomalous", 1_700_000_300)):
        rows = [",".join(columns)]
        for second in range(240):
            values = []
            for s in SERVICES:
                is_high = part == "anomalous" and second > 20 and s == guilty
                is_slow = part == "anomalous" and second > 25 and s in {guilty, "front-end"}
                values += [
                    rng.gauss(60 if is_high else 10, 0.5),
                    rng.gauss(4 if is_slow else 1, 0.05),
                ]
            rows.append(",".join([str(start + second), *(f"{v:.4f}" for v in values)]))
        with gzip.open(folder / f"{part}.csv.gz", "wt") as out:
            out.write("\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("set")
    labels = {}
    for number, guilty in enumerate(("stock", "ledger", "stock")):
        write_case(folder / "cases" / f"one-{number}", guilty, number)
        labels[f"one-{number}"] = {"root_cause_service": guilty, "fault": f"cpu-{guilty}"}
    (folder / "labels.json").write_text(json.dumps(labels))
    return folder


def evaluate(cases: Path, *options: object, capsys) -> str:
    call_command("evaluate", "sockshop-rcd", str(cases), "--jobs", "1", *map(str, options))
    return capsys.readouterr().out


def test_a_set_is_scored_compared_and_learned_from(cases, tmp_path, capsys) -> None:
    work, report, out = tmp_path / "kept", tmp_path / "report.md", tmp_path / "out.json"
    told = evaluate(cases, "--work", work, "--report", report, "--out", out, "--fault-free",
                    "--repeat", 2, capsys=capsys)  # fmt: skip
    assert "top1       1.000" in told
    predictions = json.loads(out.read_text())
    assert predictions["one-0"][0] == "stock"
    assert predictions["one-1"][0] == "ledger"
    text = report.read_text()
    assert "0 of 3 windows without a fault were given a cause" in text
    assert "3 of 3 cases: the same verdict and ranking in 2 runs." in text
    assert "<svg" in text

    # What was kept is not run again: a result that was changed by hand stays.
    kept = work / "sockshop-rcd.jsonl"
    first, *rest = kept.read_text().splitlines()
    changed = json.loads(first) | {"causes": []}
    kept.write_text("\n".join([json.dumps(changed), *rest]) + "\n")
    assert "top1       0.667" in evaluate(cases, "--work", work, capsys=capsys)

    call_command("learn", f"sockshop-rcd={cases}", "--work", str(work))
    learned = capsys.readouterr().out
    assert "| sockshop-rcd | 2 |" in learned
    assert "map: {" in learned


def test_a_folder_without_cases_is_a_sentence(tmp_path, capsys) -> None:
    with pytest.raises(CommandError, match="holds no cases"):
        evaluate(tmp_path, capsys=capsys)
    with pytest.raises(CommandError, match="There is no folder"):
        evaluate(tmp_path / "gone", capsys=capsys)


def test_a_case_that_cannot_be_read_counts_as_wrong(cases, tmp_path, capsys) -> None:
    broken = tmp_path / "broken"
    (broken / "cases" / "one-9").mkdir(parents=True)
    (broken / "cases" / "one-9" / "normal.csv").write_text("time,a_cpu\n")
    (broken / "cases" / "one-9" / "anomalous.csv").write_text("time,a_cpu\n1,2\n")
    (broken / "labels.json").write_text(
        json.dumps({"one-9": {"root_cause_service": "a", "fault": "cpu"}})
    )
    report = tmp_path / "report.md"
    assert "top1       0.000" in evaluate(broken, "--report", report, capsys=capsys)
    assert "has no rows" in report.read_text()


def test_learning_needs_results_that_have_labels(cases, tmp_path) -> None:
    with pytest.raises(CommandError, match="run `evaluate --work` first"):
        call_command("learn", f"sockshop-rcd={cases}", "--work", str(tmp_path))
    with pytest.raises(CommandError, match="a folder with labels"):
        call_command("learn", f"sockshop-rcd={tmp_path}", "--work", str(tmp_path))


def test_every_set_of_a_folder_comes_into_one_document(cases, tmp_path, capsys) -> None:
    folder = tmp_path / "sets"
    folder.mkdir()
    (folder / "sockshop-rcd").symlink_to(cases)
    call_command("evaluate_all", str(folder), "--quick", "--jobs", "1")
    told = capsys.readouterr().out
    assert "| sockshop-rcd | 3 | top1 1.000" in told
    assert "| sockshop-rcd | 3 | 0 |" in told  # fault-free windows
    # Fitted on nothing else, the map that left the only set out changes nothing.
    calibration = told.split("## Calibration")[1]
    row = next(line for line in calibration.splitlines() if line.startswith("| sockshop-rcd"))
    before, in_view, _, left_out = [float(cell) for cell in row.split(" | ")[4:8]]
    assert left_out == before != in_view
    with pytest.raises(CommandError, match="holds none of"):
        call_command("evaluate_all", str(tmp_path))


def test_what_is_claimed_of_an_answer_is_what_all_its_causes_claim() -> None:
    causes = [
        RankedCause(f"service/{place}", fault_class, "", probability)
        for place, fault_class, probability in (
            ("stock", "cpu_overload", 0.6), ("ledger", "cpu_overload", 0.1),
            ("stock", "oom_kill", 0.25),
        )
    ]  # fmt: skip
    result = CaseResult("one", "inconclusive", None, causes, [], [], 0.1, 1.0)
    by_place = score_all(SETS["sockshop-rcd"], [result],
                         {"one": {"root_cause_service": "stock", "fault": "cpu"}})[0]  # fmt: skip
    assert by_place.claim == (pytest.approx(0.85), True)
    assert by_place.probability == 0.6
    assert SETS["cloud-opsbench"].claimed(result) == 0.6  # it asks for the mechanism too
