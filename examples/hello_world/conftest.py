"""The devices' Python is that of these tests, which has ``awsiotsdk``: the recipes bring no packages of their own."""

import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def greengrass_python():
    return Path(sys.prefix)
