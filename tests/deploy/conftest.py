"""What the tests of the deployment share."""

import pytest

from tests.deploy.chart import Renderer, build_renderer


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    return build_renderer(tmp_path_factory.mktemp("renderer"))
