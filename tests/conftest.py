"""Fixtures that every test may ask for: one emulated cloud serves a whole session (moto has one memory a process)."""

import os
import shutil

import pytest

pytest_plugins = ["greengrass_emulator.testing"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which MQTT brokers the tests had: Mosquitto takes part where it is installed, and nothing is skipped."""
    there = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    words = "amqtt and mosquitto" if there else "amqtt only; `apt-get install mosquitto` has them run on both"
    terminalreporter.write_line(f"MQTT brokers of the tests: {words}")
