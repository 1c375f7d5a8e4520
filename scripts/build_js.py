"""Join htmx, its WebSocket extension and our scripts into the one file that pages load; styles too.

Separate deferred files race: htmx may process the page before the extension registers, and the
socket is then never opened. All of it begins after the page has been painted whole: text comes before
what makes it live, and links and forms work without. Our own files share one function's scope, in
this order, without their comments, line ends and needless spaces: no string of theirs may span lines or
hold a template within a template, and each statement ends with a semicolon.
Run after changing any part: ``python scripts/build_js.py``. What ``LATER`` names is a file of its
own, for the pages that need it. The styles of every page are one file, and those that the room adds
are a second: a slow phone waits for each file it asks for.
"""

import re
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDORED = ("vendor/htmx/htmx-4.0.1.min.js", "vendor/htmx/hx-ws-4.0.1.min.js")
OWN = (
    "core", "look", "times", "guard", "presence", "attention", "live", "forms", "evidence", "lists", "steer",
    "keys", "dock",
)  # fmt: skip
# What must stay as it is: strings, templates, and patterns (a slash where no value stands before it).
LITERAL = re.compile(
    r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|(?<=[(,=:!&|?{};>])\s*/(?:\\.|[^/\\])+/\w*)"""
)
SPACES = re.compile(r"\s*([{}()\[\];,<>=?:&|!])\s*")
LATER = (
    "axis", "chart", "earcons", "following", "offline", "offline-worker", "options", "page_tools", "palette",
    "push-worker", "replay", "reviewing", "settings", "steering",
)  # fmt: skip
# Each sheet that is made, and its parts in the order of the cascade.
SHEETS = {
    "bundle": ("tokens", "base", "layout", "components", "action", "header", "host"),
    "bundle-room": ("room", "timeline", "board", "feed", "folds", "dock"),
}
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def _squeezed(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not line.startswith("//")]
    if any(" // " in line for line in kept):
        raise SystemExit("A comment of a script stands on a line of its own.")
    parts = LITERAL.split(" ".join(kept))
    return "".join(p if at % 2 else SPACES.sub(r"\1", p) for at, p in enumerate(parts))


# In a tab that nobody sees no frame comes: then the clock begins it. Who presses a key or clicks before
# that begins it at once, and is heard. ``data-ready`` tells of the end.
BEGIN = "(() => {let begun = false; const begin = () => {if (begun) return; begun = true;"
END = """window.htmx = htmx; document.documentElement.dataset.ready = "";};
requestAnimationFrame(() => setTimeout(begin)); setTimeout(begin, 500);
for (const kind of ["keydown", "click"]) addEventListener(kind, begin, {capture: true, once: true});})();
"""


def build() -> str:
    """Return the joined text."""
    vendored = [(STATIC / part).read_text(encoding="utf-8").strip() for part in VENDORED]
    own = [_squeezed((STATIC / f"js/{name}.js").read_text(encoding="utf-8")) for name in OWN]
    joined = "\n;".join([*vendored, "\n".join(["(() => {", *own, "})();"])])
    return "\n".join([BEGIN, joined, END])


def build_sheet(name: str) -> str:
    """Return a sheet joined from its parts, without their comments and indents; a line for each layer."""
    parts = [(STATIC / f"css/{part}.css").read_text(encoding="utf-8") for part in SHEETS[name]]
    joined = " ".join(CSS_COMMENT.sub("", "\n".join(parts)).split())
    return joined.replace(" @layer ", "\n@layer ") + "\n"


if __name__ == "__main__":
    for sheet in SHEETS:
        (STATIC / "css" / f"{sheet}.css").write_text(build_sheet(sheet), encoding="utf-8")
    (STATIC / "js" / "bundle.js").write_text(build(), encoding="utf-8")
