"""What an installed distribution registers with others."""

from importlib.metadata import entry_points


def test_pytest_finds_the_emulators_fixtures_by_itself() -> None:
    (plugin,) = entry_points(group="pytest11", name="greengrass-emulator")
    assert hasattr(plugin.load(), "greengrass_device")
