"""Join htmx, its WebSocket extension and our script into the one file that pages load.

Separate deferred files race: htmx may process the page before the extension registers, and the
socket is then never opened. Run after changing any part: ``python scripts/build_js.py``.
"""

from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
PARTS = ("vendor/htmx/htmx-4.0.1.min.js", "vendor/htmx/hx-ws-4.0.1.min.js", "js/app.js")


def build() -> str:
    """Return the joined text."""
    return "\n;".join((STATIC / part).read_text(encoding="utf-8").strip() for part in PARTS) + "\n"


if __name__ == "__main__":
    (STATIC / "js" / "bundle.js").write_text(build(), encoding="utf-8")
