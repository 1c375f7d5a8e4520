"""Secrets are masked before text is stored, shown or sent; other text stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.redaction import MASK, redact, redact_object

pytestmark = pytest.mark.unit
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".dozjgNryP4J3jVmNHl0w5N"
AWS = "AKIA" + "IOSFODNN7EXAMPLE"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Authorization: Bearer {JWT}", f"Authorization: Bearer {MASK}"),
        ("authorization: bearer abcdef0123456789", f"authorization: bearer {MASK}"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", f"Authorization: Basic {MASK}"),
        (f"cookie carries {JWT} now", f"cookie carries {MASK} now"),
        (f"key {AWS} used", f"key {MASK} used"),
        (f"before {KEY} after", f"before {MASK} after"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEow cut off", MASK),
        ("postgres://app:s3cr3t@db:5432/shop", f"postgres://{MASK}@db:5432/shop"),
        ("postgres://app:p@ss@db:5432/shop", f"postgres://{MASK}@db:5432/shop"),
        ("redis://:hunter22@cache:6379/0", f"redis://{MASK}@cache:6379/0"),
        ("password=hunter22 user=bob", f"password={MASK} user=bob"),
        ("DB_PASSWORD: hunter22", f"DB_PASSWORD: {MASK}"),
        ('{"api_key": "abcd1234", "n": 1}', f'{{"api_key": "{MASK}", "n": 1}}'),
        ('{\\"client_secret\\":\\"abcd1234\\"}', f'{{\\"client_secret\\":\\"{MASK}\\"}}'),
        ("token='two words' next", f"token='{MASK}' next"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", f"aws_secret_access_key = {MASK}"),
        ("GET /cb?access_token=abcd1234&x=1", f"GET /cb?access_token={MASK}&x=1"),
        ("mysql --password hunter22 -h db", f"mysql --password {MASK} -h db"),
        ("ghp_" + "a" * 36, MASK),
        ("xoxb-" + "1234567890-abc", MASK),
        ("sk-" + "abcdefghij0123456789", MASK),
    ],
)  # fmt: skip
def test_a_secret_is_masked(text: str, expected: str) -> None:
    found = redact(text)
    assert found == expected
    assert redact(found) == found


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens: 4096",
        "couldn't find key PAYMENT_URL in ConfigMap boutique/settings",
        'secret "db-credentials" not found',
        "dial tcp 10.68.187.46:50051: connect: connection refused",
        "password authentication failed for user",
        "https://example.com/path?q=1",
        "GET /api/v1/users/12 200 in 31 ms at 12:00:01",
        "image us-docker.pkg.dev/shop/cart@sha256:" + "a" * 64,
    ],
)
def test_other_text_stays(text: str) -> None:
    assert redact(text) == text


def test_text_is_capped_and_a_secret_across_the_cap_does_not_show() -> None:
    assert redact("x" * 50, limit=10) == "x" * 9 + "…"
    assert redact("x" * 10, limit=10) == "x" * 10
    found = redact("x" * 20 + " password=hunter22hunter22", limit=36)
    assert "hunter" not in found
    assert len(found) <= 36


def test_an_object_is_redacted_by_value_and_by_name() -> None:
    found = redact_object(
        {
            "password": "hunter2",
            "DB_SECRET": "x",
            "nested": [{"url": "redis://:hunter22@cache"}, 3, None, True],
            "tokens": 12,
            "pod": "cart-1",
        }
    )
    assert found == {
        "password": MASK,
        "DB_SECRET": MASK,
        "nested": [{"url": f"redis://{MASK}@cache"}, 3, None, True],
        "tokens": 12,
        "pod": "cart-1",
    }


def test_a_bottomless_object_ends() -> None:
    deep: dict[str, object] = {"end": 1}
    for _ in range(100):
        deep = {"next": deep}
    assert "…" in str(redact_object(deep))


@given(st.text(max_size=400), st.integers(min_value=1, max_value=200))
def test_any_text_is_within_the_cap(text: str, limit: int) -> None:
    assert len(redact(text, limit=limit)) <= limit


@given(st.from_regex(r"[A-Za-z0-9]{12,24}", fullmatch=True), st.text(max_size=30))
def test_a_bearer_token_never_survives(token: str, before: str) -> None:
    assert f"Bearer {token}" not in redact(f"{before} Bearer {token}")
