"""A release that is published already."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def published(run: Run, release: Any) -> Callable[..., None]:
    """Writes a release and publishes it."""

    def write(**what: Any) -> None:
        release.write(**what)
        assert run("publish").code == 0

    return write
