"""Static files whose address names their content, so that a browser asks for each only once."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponse

VERSION = "v"
FOR_EVER = "public, max-age=31536000, immutable"
DIGITS = 12


@lru_cache(maxsize=512)
def version_of(name: str) -> str:
    """Return the version of a static file's content; empty if there is no such file.

    Read once per process: what is served is what was there at the start.
    """
    path = finders.find(name)
    if not isinstance(path, str):
        return ""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:DIGITS]


class VersionedStaticFilesStorage(StaticFilesStorage):
    """Adds the content's version to each address. Nothing has to be collected before a start."""

    def url(self, name: str | None) -> str:
        """Return the address of a file, with its version if there is such a file; plain with DEBUG."""
        address = super().url(name)
        version = "" if settings.DEBUG else version_of(name or "")
        return f"{address}?{VERSION}={version}" if version else address


class KeptFilesMiddleware:
    """Lets a browser keep a static file for a year if it was asked for by its version.

    An address without a version, or with that of another release, is kept as WhiteNoise says: for a
    minute. Stands around the one that serves the files.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        asked = request.GET.get(VERSION, "")
        is_file = request.path_info.startswith(settings.STATIC_URL)
        if asked and is_file and response.status_code in {200, 304}:
            name = request.path_info.removeprefix(settings.STATIC_URL)
            if asked == version_of(name):
                response.headers["Cache-Control"] = FOR_EVER
        return response
