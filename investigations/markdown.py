"""Markdown as safe markup: no HTML, no images, links only to http(s) and to our own paths."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

HEADING = "h3"
"""Every heading inside a section: the section's own title is an h2."""


def is_link_allowed(address: str) -> bool:
    """Whether a link may lead there: http, https, or a path of our own."""
    text = address.strip()
    if text.startswith("/"):
        return not text.startswith(("//", "/\\"))
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme.lower() in {"http", "https"} and bool(parts.netloc)


class _Renderer(RendererHTML):
    def heading_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return f"<{HEADING}>"

    def heading_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return f"</{HEADING}>\n"

    def link_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        token = tokens[idx]
        if not str(token.attrGet("href") or "").startswith("/"):
            token.attrSet("rel", "noopener noreferrer nofollow")
        return self.renderToken(tokens, idx, options, env)


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        return is_link_allowed(url)


def _parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False}, renderer_cls=_Renderer)
    parser.disable(["image", "html_block", "html_inline"])
    return parser.enable(["table", "strikethrough"])


_PARSER = _parser()


def render_markdown(text: str) -> SafeString:
    """Return the markup of a text that anybody may have written. HTML in it is shown as text."""
    return SafeString(_PARSER.render(text))
