"""Cost is bounded by the scope, not by how many services there are."""

import pytest

from sre_workspace.evaluation.scale import measure

pytestmark = pytest.mark.unit


def test_the_broken_service_is_found_and_queries_do_not_grow_with_the_system() -> None:
    small, large, larger = (measure(count, seed=3) for count in (12, 150, 400))
    assert small.is_right
    assert large.is_right
    assert larger.is_right
    assert large.queries == larger.queries
    assert large.rows == larger.rows
    assert larger.series == 2000
