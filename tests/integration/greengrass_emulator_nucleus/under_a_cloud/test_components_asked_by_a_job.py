"""Components that a job's deployment asks first, and those that do not answer."""

from collections.abc import Callable
from typing import Any

from awsiot.greengrasscoreipc.model import ConfigurationValidityReport

from .cloud_site import Site


def test_validation_carries_the_job_id_and_times_out_for_one_that_never_subscribed(
    make_site: Callable[[str], Site], events: Any
) -> None:
    site = make_site("classic")
    for name in (site.a, site.b):
        site.publish(name)
    site.deploy(a="1.0.0", b="1.0.0", merge={"a": {"n": 1}, "b": {"n": 1}})
    client, asked = site.device.speak_as(site.a), events()
    client.subscribe_to_validate_configuration_updates(**asked.handlers())

    def answer(status: str, message: str | None = None) -> str:
        event = asked.next().validate_configuration_update_event
        report = ConfigurationValidityReport(status=status, deployment_id=event.deployment_id, message=message)
        client.send_configuration_validity_report(configuration_validity_report=report)
        return str(event.deployment_id)

    deployment = site.ask(a="1.0.0", b="1.0.0", merge={"a": {"n": 2}, "b": {"n": 1}})
    job_id = site.greengrass.get_deployment(deploymentId=deployment)["iotJobId"]
    assert answer("ACCEPTED") == job_id
    assert site.ended(deployment)["coreDeviceExecutionStatus"] == "SUCCEEDED"

    deployment = site.ask(a="1.0.0", b="1.0.0", merge={"a": {"n": 3}, "b": {"n": 1}})
    answer("REJECTED", "not good enough")
    ended = site.ended(deployment)
    assert ended["reason"].startswith("FAILED_NO_STATE_CHANGE")
    assert "not good enough" in ended["reason"]
    assert ended["statusDetails"]["errorStack"][-1] == "COMPONENT_CONFIGURATION_NOT_VALID"

    deployment = site.ask(a="1.0.0", b="1.0.0", merge={"a": {"n": 4}, "b": {"n": 2}})
    answer("ACCEPTED")
    ended = site.ended(deployment)
    assert "Timed out after 1 s" in ended["reason"]
    assert site.b in ended["reason"]
    assert client.get_configuration().value == {"n": 2}


def test_silence_lets_an_update_go_on_and_skipping_asks_nobody(make_site: Callable[[str], Site], events: Any) -> None:
    site = make_site("classic")
    site.publish(site.a)
    site.publish(site.b)
    site.deploy(a="1.0.0")
    told = events()
    site.device.speak_as(site.a).subscribe_to_component_updates(**told.handlers())
    notify = {"action": "NOTIFY_COMPONENTS", "timeoutInSeconds": 1}
    assert site.deploy(a="1.0.0", b="1.0.0", update_policy=notify)["coreDeviceExecutionStatus"] == "SUCCEEDED"
    assert told.next().pre_update_event is not None
    assert told.next().post_update_event is not None
    assert "did not answer the notification" in site.device.log()
    assert site.deploy(a="1.0.0")["coreDeviceExecutionStatus"] == "SUCCEEDED"
    assert told.next().pre_update_event is None
