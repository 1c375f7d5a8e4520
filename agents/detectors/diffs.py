"""Reading a unified diff: which lines really changed, once noise and moved lines are set aside."""

import re
from collections import Counter
from dataclasses import dataclass

MAX_LINES = 4000
_GIT = re.compile(r"^diff --git a/(\S+) b/(\S+)")
_HUNK = re.compile(r"^@@(?: -\d+(?:,\d+)? \+\d+(?:,\d+)? @@)?\s*(.*)$")
_PATH = re.compile(r"^((?:[\w.@+-]+/)*[\w.@+-]*\.?\w+)(?=[:\s]|$)")
_QUIET_FILE = re.compile(
    r"(^|/)(docs?|tests?|__tests__|testdata|fixtures|golden|spec)/|_test\.\w+$|(^|/)test_\w+\.py$"
    r"|(^|/)conftest\.py$|\.(test|spec)\.\w+$|Tests?\.(java|kt|cs)$"
    r"|\.(md|rst|txt|adoc|css|scss|sass|less|svg|png|jpe?g|gif|ico|snap)$"
    r"|(^|/)(CODEOWNERS|LICENSE|NOTICE|CHANGELOG(?!\.(?:xml|ya?ml|json|sql))|\.gitignore|\.editorconfig|Jenkinsfile|go\.sum"
    r"|package-lock\.json|yarn\.lock|pnpm-lock\.yaml|poetry\.lock|Cargo\.lock|Gemfile\.lock)"
    r"|(^|/)\.(github|circleci|gitlab|vscode|golangci)",
    re.I,
)
_NEEDED_TEXT = re.compile(r"(^|/)(requirements|constraints)[\w.-]*\.txt$", re.I)
_DEPENDENCIES = re.compile(
    r"(^|/)(go\.mod|package\.json|pom\.xml|build\.gradle(\.kts)?|Cargo\.toml|Gemfile"
    r"|requirements[\w.-]*\.txt|constraints[\w.-]*\.txt|pyproject\.toml)$",
    re.I,
)
_HASH_COMMENTS = re.compile(r"\.(py|ya?ml|toml|sh|rb|conf|ini|properties|tf|env)$", re.I)
_COMMENT = re.compile(r"^(//|/\*|\*/|\*\s|\*$|<!--)")
_TRAILING = re.compile(r"\s+//\s.*$|\s*/\*.*\*/\s*$")
_IMPORT = re.compile(r"^(import\b|from\s+\S+\s+import\b|using\s+[\w.]+;|require\(|package\s|#include\b"
                     r"|\"[\w.@/-]+\"$)")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hunk:
    """One place of a diff.

    Attributes:
        file: Path as written; empty when the diff does not say.
        header: What the hunk says it lies in: a function, a type.
        removed, added: Changed lines without comments, imports and lines that only moved.
        context: Lines around them.
        lines: All of it in order, each with its sign (``+``, ``-`` or space).
    """

    file: str
    header: str
    removed: tuple[str, ...]
    added: tuple[str, ...]
    context: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def is_dependency_list(self) -> bool:
        """Whether it lists what the code is built with."""
        return bool(_DEPENDENCIES.search(self.file)) or self.header.startswith("require (")

    @property
    def is_sql(self) -> bool:
        """Whether the file is a statement for a database."""
        return self.file.lower().endswith(".sql")


def is_quiet(path: str) -> bool:
    """Whether a file of this name does not run: docs, tests, styles, lock files, build scripts."""
    return bool(_QUIET_FILE.search(path)) and not _NEEDED_TEXT.search(path)


def parse_diff(text: str) -> tuple[Hunk, ...]:
    """Return the places that changed, without files that do not run and lines that only moved.

    Takes git's form and shorter ones, where a hunk's header names its file. Lines beyond the first
    4000 are not read.
    """
    raw = [hunk for hunk in _hunks(text) if not is_quiet(hunk[0])]
    gone = Counter(n for hunk in raw for n in _shapes(hunk, "-"))
    come = Counter(n for hunk in raw for n in _shapes(hunk, "+"))
    moved = gone & come
    found = []
    for file, header, lines in raw:
        left = {sign: Counter(moved) for sign in "+-"}
        kept: dict[str, list[str]] = {"+": [], "-": [], " ": []}
        for line in lines:
            sign, body = line[0], code_of(line[1:], file)
            if not body:
                continue
            shape = shape_of(body)
            if sign in left and left[sign][shape] > 0:
                left[sign][shape] -= 1
                kept[" "].append(body)
                continue
            kept[sign].append(body)
        if kept["+"] or kept["-"]:
            found.append(Hunk(file, header, tuple(kept["-"]), tuple(kept["+"]), tuple(kept[" "]),
                              tuple(lines)))  # fmt: skip
    return tuple(found)


def removed_lines(text: str) -> tuple[str, ...]:
    """Return every line of code taken away in files that run, those that only moved included."""
    found = (
        (code_of(x[1:], f), x) for f, _, lines in _hunks(text) if not is_quiet(f) for x in lines
    )
    return tuple(code for code, line in found if code and line[0] == "-")


def _shapes(hunk: tuple[str, str, list[str]], sign: str) -> list[str]:
    found = (code_of(line[1:], hunk[0]) for line in hunk[2] if line[0] == sign)
    return [shape_of(body) for body in found if body]


def shape_of(code: str) -> str:
    """Return a line without what formatting changes: spaces, quotes' kind, closing marks."""
    return re.sub(r"\s+", "", code).replace("'", '"').rstrip(",;")


def code_of(line: str, file: str) -> str:
    """Return the code of a line: no comment, no import; empty if nothing is left."""
    body = line.strip()
    if _COMMENT.match(body) or _IMPORT.match(body):
        return ""
    if (body.startswith("#") and (not file or _HASH_COMMENTS.search(file))) or (
        body.startswith("--") and file.lower().endswith(".sql")
    ):
        return ""
    if _HASH_COMMENTS.search(file):
        body = re.sub(r"\s+#\s.*$", "", body)
    body = _TRAILING.sub("", body)
    return "" if re.fullmatch(r"[\s{}()\[\];,]*", body) else body


def _hunks(text: str) -> list[tuple[str, str, list[str]]]:
    found: list[tuple[str, str, list[str]]] = []
    file = ""
    current: tuple[str, str, list[str]] | None = None
    for line in text.splitlines()[:MAX_LINES]:
        git, head = _GIT.match(line), _HUNK.match(line)
        if git:
            file, current = git[2], None
        elif (line.startswith("--- ") and current is None) or line.startswith(
            ("--- a/", "--- /dev")
        ):
            file, current = _named(line, file), None
        elif line.startswith("+++ ") and current is None:
            file = _named(line, file)
        elif head:
            path, header = _place(head[1])
            file = path or file
            current = (file, header, [])
            found.append(current)
        elif line[:1] in {"+", "-", " ", "\t"}:
            if current is None:
                current = (file, "", [])
                found.append(current)
            current[2].append(line if line[0] != "\t" else f" {line}")
    return found


def _named(line: str, known: str) -> str:
    words = line[4:].split()
    name = words[0] if words else ""
    if name in {"/dev/null", ""}:
        return known
    return name[2:] if name.startswith(("a/", "b/")) else name


def _place(text: str) -> tuple[str, str]:
    """Return (file, header) of what follows a hunk's mark: some tools name the file there."""
    rest = text.strip().removesuffix("@@").strip()
    match = _PATH.match(rest)
    if match and ("/" in match[1] or re.search(r"\.[a-z]{1,6}$", match[1])):
        return match[1], rest[match.end():].lstrip(": @").strip()  # fmt: skip
    return "", rest
