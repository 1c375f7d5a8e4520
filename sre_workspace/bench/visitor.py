"""A person at the pages of a running stack, by HTTP: signs in by a link, starts practice."""

import re
from types import TracebackType
from typing import Self

import httpx

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Visitor:
    """A signed-in session. Use as a context manager."""

    def __init__(self, address: str, link: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=30.0, headers={"Referer": address})
        self.post(link, page=link)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def post(self, url: str, *, page: str, data: dict[str, str] | None = None) -> httpx.Response:
        """Send a form as the page at ``page`` would.

        Raises:
            httpx.HTTPStatusError: It was refused.
        """
        found = TOKEN.search(self._client.get(page, follow_redirects=True).raise_for_status().text)
        token = found.group(1) if found else ""
        answer = self._client.post(url, data={**(data or {}), "csrfmiddlewaretoken": token})
        if answer.is_error:
            answer.raise_for_status()
        return answer

    def practise(self, slug: str) -> None:
        """Start a practice incident, as the button on the first page does."""
        self.post("/practice/", page="/", data={"scenario": slug})

    def session(self) -> str:
        """Return the value of the session cookie."""
        return self._client.cookies["sre_session"]
