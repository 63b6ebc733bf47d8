"""Each test of this folder runs on every broker that there is."""

import os
import shutil

import pytest

# Debian puts it where a user's PATH does not look.
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "mqtt_broker_name" in metafunc.fixturenames:
        names = ["amqtt", *(["mosquitto"] if MOSQUITTO else [])]
        metafunc.parametrize("mqtt_broker_name", names, scope="module")


@pytest.fixture(scope="module")
def mosquitto_command() -> str | None:
    return MOSQUITTO
