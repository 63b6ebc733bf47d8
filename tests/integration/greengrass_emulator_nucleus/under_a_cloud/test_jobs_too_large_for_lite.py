"""What a lite device is sent, and what it says, at the borders of its buffers: nobody is told of what does not fit."""

from collections.abc import Callable
from typing import Any

import pytest
from greengrass_emulator.nucleus.lite_sizes import DEPLOYMENT_BYTES, LARGEST_PACKET, deployment_memory, packet_bytes

from .cloud_site import ACCOUNT, Site


@pytest.fixture
def lite(make_site: Callable[[str], Site]) -> Site:
    return make_site("lite")


def _ask(lite: Site, last: str) -> tuple[str, dict[str, Any]]:
    """Deploys many small values and a last one; the answer is the deployment's id, and what the job's document has."""
    merge = {f"k{n:02}": "x" * 24 for n in range(80)} | {"last": last}
    deployment_id = lite.ask(a="1.0.0", merge={"a": merge})
    said = lite.greengrass.get_deployment(deploymentId=deployment_id)
    arn = f"{said['targetArn'].replace(':iot:', ':greengrass:').replace(':thinggroup/', ':configuration:thinggroup/')}"
    return deployment_id, {
        "jobId": said["iotJobId"],
        "deploymentId": deployment_id,
        "configurationArn": f"{arn}:{said['revisionId']}",
        "components": {lite.a: {"version": "1.0.0", "configurationUpdate": {"reset": ["/desired"], "merge": merge}}},
    }


def test_a_deployment_of_one_byte_too_much_stays_queued_and_a_smaller_one_is_carried_out(lite: Site) -> None:
    lite.publish(lite.a)
    first, document = _ask(lite, "")
    assert lite.ended(first)["coreDeviceExecutionStatus"] == "SUCCEEDED"
    room = DEPLOYMENT_BYTES - deployment_memory(document, document["jobId"])
    too_large, document = _ask(lite, "x" * (room + 1))
    lite.wait(lambda: "a job does not fit" in lite.device.log())
    assert f"it needs {DEPLOYMENT_BYTES + 1} bytes of memory" in lite.device.log()
    # Its word for that is refused by IoT Jobs, and the cloud learns nothing.
    iot = lite.cloud.client("iot", account=ACCOUNT)
    execution = iot.describe_job_execution(jobId=document["jobId"], thingName=lite.thing)["execution"]
    assert execution["status"] == "QUEUED"
    fits, _ = _ask(lite, "x" * room)
    assert lite.ended(fits)["coreDeviceExecutionStatus"] == "SUCCEEDED"
    listed = lite.greengrass.list_effective_deployments(coreDeviceThingName=lite.thing)["effectiveDeployments"]
    assert {each["deploymentId"]: each["coreDeviceExecutionStatus"] for each in listed}.get(too_large) != "SUCCEEDED"


def test_lite_never_receives_a_packet_of_more_than_5000_bytes(
    lite: Site, events: Any, everything_allowed: dict[str, Any]
) -> None:
    lite.publish(lite.a, configuration=everything_allowed)
    lite.deploy(a="1.0.0")
    topic, heard = f"cmd/{lite.thing}", events()
    lite.device.speak_as(lite.a).subscribe_to_iot_core(topic_name=topic, qos="1", **heard.handlers())
    data = lite.cloud.client("iot-data", account=ACCOUNT)
    room = LARGEST_PACKET - packet_bytes(topic, 1_000) + 1_000
    for payload in (b"a" * (room + 1), b"b" * room):
        data.publish(topic=topic, qos=1, payload=payload)
    assert heard.next().message.payload == b"b" * room


def test_lite_sends_no_fleet_status_of_more_than_5000_bytes(lite: Site) -> None:
    version = f"1.0.0-{'x' * 58}"
    names = [f"{lite.a}.{'x' * (126 - len(lite.a))}{n:x}" for n in range(13)]
    for name in names:
        lite.publish(name, version, run="exit 0")
    components = {name: {"componentVersion": version} for name in names}
    asked = lite.greengrass.create_deployment(targetArn=lite.group_arn, components=components)
    assert lite.ended(asked["deploymentId"])["coreDeviceExecutionStatus"] == "SUCCEEDED"
    lite.wait(lambda: "a fleet status is too long" in lite.device.log())
    listed = lite.greengrass.list_installed_components(coreDeviceThingName=lite.thing, topologyFilter="ALL")
    assert listed["installedComponents"] == []
    # Fewer are told of again.
    del components[names[-1]], components[names[-2]]
    asked = lite.greengrass.create_deployment(targetArn=lite.group_arn, components=components)
    lite.ended(asked["deploymentId"])

    def are_listed() -> bool:
        there = lite.greengrass.list_installed_components(coreDeviceThingName=lite.thing, topologyFilter="ALL")
        return {each["componentName"] for each in there["installedComponents"]} == set(components)

    lite.wait(are_listed)
