"""A small diff as an action's card shows it: what goes beside what comes, and never as markup."""

import pytest

from investigations.templatetags.board_tags import as_diff

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-revision: 4\n+revision: 3\n", "revision: <del>4</del> <ins>3</ins>"),
        ("-image: r.example/a:1f\n+image: r.example/a:1e\n",
         "image: r.example/a:<del>1f</del> <ins>1e</ins>"),
        ("-image: a:1\n+replicas: 3\n", "<del>image: a:1</del>\n<ins>replicas: 3</ins>"),
        ("+only: new\n", "<ins>only: new</ins>"),
        ("-x: <b>\n+x: <i>\n", "x: <del>&lt;b&gt;</del> <ins>&lt;i&gt;</ins>"),
        ("--- a\n+++ b\n-c\n", "--- a\n+++ b\n<del>c</del>"),
    ],
)  # fmt: skip
def test_what_goes_stands_beside_what_comes(text, shown) -> None:
    assert as_diff(text) == shown
