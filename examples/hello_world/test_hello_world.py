"""What a component author tests: that the components work on a device, together, and in both runtimes."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
PUBLISHER, SUBSCRIBER = "com.example.HelloPublisher", "com.example.HelloSubscriber"


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_the_subscriber_hears_the_publisher_and_so_does_the_cloud(greengrass_cloud, greengrass_devices, runtime):
    device = greengrass_devices(runtime)
    with greengrass_cloud.listen(f"hello/world/{device.thing}") as published:
        device.deploy({PUBLISHER: "1.0.0", SUBSCRIBER: "1.0.0"}, recipes=HERE / "recipes", artifacts=HERE / "artifacts")
        assert published.next(seconds=20).payload == b"Hello, World!"
    device.wait_for_log(SUBSCRIBER, "heard Hello, World!")
    assert device.state(PUBLISHER) == "RUNNING"


def test_whom_it_greets_is_configuration_and_it_goes_when_it_is_removed(greengrass_cloud, greengrass_device):
    device = greengrass_device
    given = {PUBLISHER: {"MERGE": {"name": "Greengrass"}}}
    with greengrass_cloud.listen("hello/world/+") as published:
        device.deploy({PUBLISHER: "1.0.0"}, recipes=HERE / "recipes", artifacts=HERE / "artifacts", updates=given)
        assert published.next(seconds=20).payload == b"Hello, Greengrass!"
    device.deploy(remove=(PUBLISHER,))
    assert device.state(PUBLISHER) == ""


def test_after_a_loss_of_power_it_is_there_again(greengrass_cloud, greengrass_device):
    device = greengrass_device
    device.deploy({PUBLISHER: "1.0.0"}, recipes=HERE / "recipes", artifacts=HERE / "artifacts")
    device.cut_power()
    with greengrass_cloud.listen(f"hello/world/{device.thing}") as published:
        device.start()
        assert published.next(seconds=20).payload == b"Hello, World!"
