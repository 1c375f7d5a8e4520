"""Prove that no identifier of a recorded set is known to the code: ``blind.py FOLDER…``.

Collects case ids, services, nodes, commits and names of files from the labels of each set, and the
resources of its cases from their topologies, columns and tools' arguments, and looks for them as
whole words in everything that ships. A folder without labels is no set of incidents. Words that the
practice system or English uses as well (such as "cart") are listed apart with where they stand, for
a person to judge.
"""

import csv
import gzip
import json
import lzma
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("agents", "telemetry", "investigations", "remediation", "sre_workspace", "templates")
SHORTEST = 4
NOT_NAMES = {"fault", "category", "system", "agent_class", "fault_taxonomy", "root_cause", "notes",
             "remediation", "scenario", "metric", "statistic", "expert_paths"}  # fmt: skip
PLAIN = re.compile(r"^[a-z]+$")
# Words of the trade: a component of Kubernetes, and what an entry is called anywhere.
COMMON = {"kube-proxy", "front-end"}
NUMBER = re.compile(r"^[\d.eE+-]*$")
ARGUMENT = re.compile(r'"(?:\w*name|node)":\s*"([\w.-]+)"')


def identifiers(folder: Path) -> Iterator[str]:
    """Yield what names a case, a resource or a commit in a set's labels."""
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    for case, label in labels.items():
        yield case
        for key, value in label.items():
            if key not in NOT_NAMES:
                yield from _texts(value)


def resources(folder: Path) -> Iterator[str]:
    """Yield what the cases of a set call their resources."""
    for table in (*folder.glob("graph.csv"), *folder.glob("cases/*/dependency.csv")):
        with table.open(encoding="utf-8", newline="") as lines:
            _, *rows = csv.reader(lines)
            yield from (cell for row in rows for cell in row if not NUMBER.match(cell))
    for table in folder.glob("cases/*/normal.csv.gz"):
        with gzip.open(table, "rt", encoding="utf-8") as lines:
            yield from (column.rpartition("_")[0] for column in next(csv.reader(lines)))
    for incident in folder.glob("cases/*/incident.json"):
        for value in json.loads(incident.read_text(encoding="utf-8")).values():
            yield from (text for text in _texts(value) if " " not in text)
    for packed in folder.glob("cases/*.json.xz"):
        for tool in json.loads(lzma.decompress(packed.read_bytes()))["tool_cache"]:
            yield from ARGUMENT.findall(tool)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value.rpartition("/")[2]
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def shipped_text() -> dict[str, str]:
    """Return every tracked file that ships, by path."""
    listed = subprocess.run(["git", "ls-files", *SHIPPED], cwd=ROOT, capture_output=True,
                            text=True, check=True).stdout.split()  # fmt: skip
    found = {}
    for name in listed:
        try:
            found[name] = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def main(folders: list[str]) -> int:
    """Print what was found; return 1 if anything but plain words was, 2 if no set was given."""
    sets = [Path(f) for f in folders if (Path(f) / "labels.json").is_file()]
    if not sets:
        print("No folder of a set was given: each holds a labels.json (blind.py PATH/*/).")
        return 2
    found = {n for s in sets for n in (*identifiers(s), *resources(s))}
    names = {n for n in found if len(n) >= SHORTEST}
    text = shipped_text()
    hits: dict[str, list[str]] = {}
    for name in sorted(names):
        pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        places = [path for path, body in text.items() if name in body and pattern.search(body)]
        if places:
            hits[name] = places
    telling = {
        name: places
        for name, places in hits.items()
        if not PLAIN.match(name) and name not in COMMON
    }
    print(f"{len(names)} identifiers of {len(sets)} sets, {len(text)} files that ship.")
    for name, places in telling.items():
        print(f"KNOWN {name}: {', '.join(places)}")
    for name in sorted(hits.keys() - telling.keys()):
        print(f"plain word {name!r}: {', '.join(hits[name])}")
    print("No identifier is known." if not telling else f"{len(telling)} identifiers are known.")
    return 1 if telling else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
