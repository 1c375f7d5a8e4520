"""A browser asks for each static file once, and what it gets is compressed."""

import gzip

import pytest
from django.templatetags.static import static
from django.test import Client

pytestmark = pytest.mark.django_db

YEAR = "max-age=31536000"
SHEET = "css/bundle.css"


def _read(client: Client, path: str, **headers: str) -> tuple[bytes, object]:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body, answer.headers


def test_an_address_names_its_content_and_is_kept(client: Client) -> None:
    address = static(SHEET)
    plain, version = address.split("?v=")
    assert len(version) == 12
    assert address in client.get("/login/").content.decode()
    _, kept = _read(client, address)
    assert YEAR in kept["Cache-Control"]
    assert "immutable" in kept["Cache-Control"]
    for stale in (plain, f"{plain}?v=0123456789ab"):
        _, answer = _read(client, stale)
        assert YEAR not in answer["Cache-Control"], "another release may stand there tomorrow"


def test_a_missing_file_has_no_version_and_is_not_kept(client: Client) -> None:
    assert static("css/none.css") == "/static/css/none.css"
    answer = client.get("/static/css/none.css?v=")
    assert answer.status_code == 404
    assert YEAR not in answer.headers.get("Cache-Control", "")


def test_a_page_of_the_product_is_never_kept_by_a_version(client: Client) -> None:
    answer = client.get("/login/?v=0123456789ab")
    assert (
        answer.headers["Cache-Control"] == "no-store"
        or "no-cache" in answer.headers["Cache-Control"]
    )


@pytest.mark.parametrize("path", [f"/static/{SHEET}", "/static/js/bundle.js", "/login/"])
def test_texts_are_compressed_for_who_takes_it(client: Client, path: str) -> None:
    whole, _ = _read(client, path)
    packed, headers = _read(client, path, **{"accept-encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in headers["Vary"]
    assert len(packed) < len(whole) / 2
    if path.startswith("/static/"):
        assert gzip.decompress(packed) == whole
