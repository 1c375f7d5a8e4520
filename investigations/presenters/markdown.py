"""Markdown of others as safe markup: text, lists, tables, code and links that leave no trace."""

from collections.abc import Sequence
from functools import cache
from urllib.parse import urlsplit

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from investigations.typed_text import without_controls, without_reordering

MAX_TEXT = 200_000


class _Renderer(RendererHTML):
    """Headings one or two levels deeper, links without a referrer, images as their text."""

    def image(self, tokens: Sequence[Token], idx: int, options: object, env: object) -> str:
        """Show what the image is called: a picture from elsewhere would tell who reads when."""
        return f"[image: {tokens[idx].content}]".translate(ESCAPES)

    def link_open(self, tokens: Sequence[Token], idx: int, options: object, env: object) -> str:
        """Open a link that tells another side nothing; to our own pages it is a plain one."""
        if not str(tokens[idx].attrGet("href")).startswith("/"):
            tokens[idx].attrSet("rel", "noopener noreferrer nofollow")
        return self.renderToken(tokens, idx, options, env)  # type: ignore[arg-type]  # its own types


ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


def _is_fine(url: str) -> bool:
    try:
        return urlsplit(url.strip()).scheme.lower() in {"http", "https", "mailto"}
    except ValueError:
        return False


def _is_fine_or_ours(url: str) -> bool:
    """Whether it is a web address with a host, or a path of our own: ``//host`` is none."""
    text = url.strip()
    if text.startswith("/"):
        return not text.startswith(("//", "/\\"))
    return _is_fine(text) and bool(urlsplit(text).netloc)


@cache
def _parser(*, own_paths: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer)
    parser.enable("table")
    # Its documented extension point.
    parser.validateLink = _is_fine_or_ours if own_paths else _is_fine  # type: ignore[method-assign]
    return parser


def render_markdown(text: str, *, own_paths: bool = False, is_section: bool = False) -> SafeString:
    """Return the text as markup. HTML in it is shown as text; only plain web links are links.

    Args:
        text: What anybody may have written.
        own_paths: Whether links to our own pages (``/i/42/e/12/``) are links too.
        is_section: Whether it stands below an h2: then every heading in it is an h3.
    """
    clean = without_reordering(without_controls(text))[:MAX_TEXT]
    parser = _parser(own_paths=own_paths)
    tokens = parser.parse(clean)
    # The page has the levels above; none is skipped, whatever the author wrote.
    level = 2
    for token in tokens:
        if token.type == "heading_open":
            level = min(6, int(token.tag[1]) + 2, level + 1)
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{level}"
    markup = str(parser.renderer.render(tokens, parser.options, {}))
    return mark_safe(markup)  # noqa: S308  # made by the parser, which escapes all text
