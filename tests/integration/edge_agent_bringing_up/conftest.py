"""The folder that each test brings agents up in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .stand_ins import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Ends whatever was started on it."""
    made = Site(tmp_path / "root")
    yield made
    made.power_cut()
