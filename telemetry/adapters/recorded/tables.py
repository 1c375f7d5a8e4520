"""Reading tables and lines; what cannot be read becomes a problem that names file and line."""

import csv
import io
import itertools
import json
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TypeVar

from telemetry.adapters.recorded.files import load_json, open_text

S = TypeVar("S")
T = TypeVar("T")
Problems = dict[str, str]
BROKEN = (OSError, EOFError, ValueError, csv.Error, zlib.error)
# What a row that is not as it should be makes its parser raise.
BAD_ROW = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
# A recording is held in memory: about 300 bytes a row.
MAX_ROWS = 1_000_000


def note(problems: Problems, part: str, text: str) -> None:
    """Add a sentence to what is wrong with a part."""
    problems[part] = f"{problems[part]}; {text}" if part in problems else text


def either(folder: Path, name: str) -> Path:
    """Return the gzipped file of that name if there is one, else the plain one."""
    packed = folder / f"{name}.gz"
    return packed if packed.exists() else folder / name


def parsed_rows(
    path: Path,
    problems: Problems,
    part: str,
    parse: Callable[[dict[str, str]], T],
    columns: Collection[str] = (),
) -> Iterator[T]:
    """Yield what ``parse`` makes of each row of a table whose header has the columns."""

    def rows(file: io.TextIOBase) -> Iterator[tuple[int, dict[str, str]]]:
        reader = csv.DictReader(file)
        missing = sorted(set(columns) - set(reader.fieldnames or ()))
        if missing:
            raise csv.Error(f"its header lacks {', '.join(missing)}")
        for row in reader:
            yield reader.line_num, row

    yield from _parsed(path, problems, part, rows, parse)


def table_of(
    path: Path, problems: Problems, part: str, key: str
) -> tuple[list[str], list[tuple[float, list[str]]]]:
    """Return the header, and of each row the number in the column ``key`` with all its cells.

    Made for wide tables: a row stays the list that it was read as. An empty ``key`` counts 0; a row
    that is too short ends in empty cells.
    """
    header: list[str] = []

    def rows(file: io.TextIOBase) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(file)
        header.extend(next(reader, []))
        return ((reader.line_num, row) for row in reader if row)

    def parse(row: list[str]) -> tuple[float, list[str]]:
        if len(row) > len(header):
            raise ValueError(f"{len(row)} cells under {len(header)} names")
        row += [""] * (len(header) - len(row))
        return float(row[header.index(key)] or 0) if key in header else 0.0, row

    return header, list(_parsed(path, problems, part, rows, parse))


def parsed_lines(
    path: Path, problems: Problems, part: str, parse: Callable[[object], T]
) -> Iterator[T]:
    """Yield what ``parse`` makes of each JSON line."""

    def rows(file: io.TextIOBase) -> Iterator[tuple[int, str]]:
        return ((number, line) for number, line in enumerate(file, 1) if line.strip())

    yield from _parsed(path, problems, part, rows, lambda line: parse(json.loads(line)))


def _parsed(
    path: Path,
    problems: Problems,
    part: str,
    rows: Callable[[io.TextIOBase], Iterator[tuple[int, T]]],
    parse: Callable[[T], object],
) -> Iterator:  # type: ignore[type-arg]  # the callers say of what
    count, last, bad = 0, 0, 0
    first = ""
    try:
        with open_text(path) as file:
            for last, row in itertools.islice(rows(file), MAX_ROWS):
                count += 1
                try:
                    found = parse(row)
                except BAD_ROW as error:
                    bad += 1
                    first = first or f"line {last} ({_reason(error)})"
                    continue
                yield found
    except FileNotFoundError:
        note(problems, part, f"{path.name} is missing from this recording")
    except BROKEN as error:
        note(problems, part, f"{path.name} cannot be read after line {last} ({_reason(error)})")
    if bad:
        note(problems, part, f"{path.name}: {bad} of {count} rows unreadable, first at {first}")
    if count == MAX_ROWS:
        note(problems, part, f"{path.name} was read up to row {MAX_ROWS} only")


def read_json(path: Path, problems: Problems, part: str) -> object:
    """Return a JSON file, or None with a problem that names the file."""
    try:
        return load_json(path)
    except FileNotFoundError:
        note(problems, part, f"{path.name} is missing from this recording")
    except (OSError, ValueError) as error:
        note(problems, part, f"{path.name} cannot be read ({_reason(error)})")
    return None


def checked(
    path: Path, rows: list[S], problems: Problems, part: str, parse: Callable[[S], T]
) -> list[T]:
    """Return what ``parse`` makes of each of a file's items; names the first it cannot read."""
    found: list[T] = []
    first = ""
    for number, row in enumerate(rows, 1):
        try:
            found.append(parse(row))
        except BAD_ROW as error:
            first = first or f"item {number} ({_reason(error)})"
    if first:
        bad = len(rows) - len(found)
        note(problems, part, f"{path.name}: {bad} of {len(rows)} items unreadable, first {first}")
    return found


def kept(found: list[T], problems: Problems, part: str) -> list[T] | None:
    """Return None (no answer) when nothing was read because of a problem; [] is "no data"."""
    return None if not found and part in problems else found


def _reason(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text}"[:120]
