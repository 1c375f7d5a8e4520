"""Join htmx, its WebSocket extension and our scripts into the one file that pages load.

Separate deferred files race: htmx may process the page before the extension registers, and the
socket is then never opened. Our own files share one function's scope, in this order, without their
comments, line ends and needless spaces: no string of theirs may span lines or hold a template within a
template, and each statement ends with a semicolon.
Run after changing any part: ``python scripts/build_js.py``. What ``LATER`` names is a file of its
own, for the pages that need it.
"""

import re
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDORED = ("vendor/htmx/htmx-4.0.1.min.js", "vendor/htmx/hx-ws-4.0.1.min.js")
OWN = (
    "core", "look", "times", "guard", "presence", "attention", "live", "forms", "evidence", "lists", "options",
    "steer", "keys", "dock",
)  # fmt: skip
# What must stay as it is: strings, templates, and patterns (a slash where no value stands before it).
LITERAL = re.compile(
    r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|(?<=[(,=:!&|?{};>])\s*/(?:\\.|[^/\\])+/\w*)"""
)
SPACES = re.compile(r"\s*([{}()\[\];,<>=?:&|!])\s*")
LATER = (
    "axis", "chart", "offline", "offline-worker", "page_tools", "palette", "push-worker", "replay", "reviewing",
    "settings",
)  # fmt: skip


def _squeezed(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not line.startswith("//")]
    if any(" // " in line for line in kept):
        raise SystemExit("A comment of a script stands on a line of its own.")
    parts = LITERAL.split(" ".join(kept))
    return "".join(p if at % 2 else SPACES.sub(r"\1", p) for at, p in enumerate(parts))


def build() -> str:
    """Return the joined text."""
    vendored = [(STATIC / part).read_text(encoding="utf-8").strip() for part in VENDORED]
    own = [_squeezed((STATIC / f"js/{name}.js").read_text(encoding="utf-8")) for name in OWN]
    return "\n;".join([*vendored, "\n".join(["(() => {", *own, "})();"])]) + "\n"


if __name__ == "__main__":
    (STATIC / "js" / "bundle.js").write_text(build(), encoding="utf-8")
