"""IoT policies with thing variables: what a device may do by MQTT, and what variables mean over HTTPS."""

import pytest
from greengrass_emulator.iam.documents import Policy, PolicyKind, read_policy
from greengrass_emulator.iam.evaluator import decide
from greengrass_emulator.iam.iot_policies import Device, MqttAction, candidates_call, mqtt_call, thing_groups_call

PLACE = "arn:aws:iot:eu-west-1:333333333333"
CAMERA = Device("333333333333", "eu-west-1", "camera", "camera")
NAME = "${iot:Connection.Thing.ThingName}"
POLICY = read_policy(
    "core-device",
    PolicyKind.IOT,
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"{PLACE}:client/{NAME}*"},
            {
                "Effect": "Allow",
                "Action": ["iot:Publish", "iot:Receive"],
                "Resource": [f"{PLACE}:topic/dt/app/{NAME}/*", f"{PLACE}:topic/$aws/things/{NAME}/jobs/*"],
                "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}},
            },
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": f"{PLACE}:topicfilter/cmd/app/{NAME}/+"},
            {"Effect": "Deny", "Action": "iot:Publish", "Resource": f"{PLACE}:topic/dt/app/{NAME}/forbidden"},
            {
                "Effect": "Allow",
                "Action": "greengrass:*",
                "Resource": [
                    f"arn:aws:greengrass:eu-west-1:333333333333:coreDevices:{NAME}",
                    "arn:aws:greengrass:eu-west-1:aws:components:*",
                ],
            },
        ],
    },
)


def may(policies: list[Policy], action: MqttAction, topic: str) -> bool:
    return decide(CAMERA.principal, mqtt_call(CAMERA, action, topic).needs[0], policies, None).allowed


@pytest.mark.parametrize(
    ("action", "topic", "allowed"),
    [
        (MqttAction.CONNECT, "camera", True),
        (MqttAction.CONNECT, "neighbour", False),
        (MqttAction.PUBLISH, "dt/app/camera/health", True),
        (MqttAction.PUBLISH, "$aws/things/camera/jobs/1/update", True),
        (MqttAction.PUBLISH, "dt/app/neighbour/health", False),
        (MqttAction.PUBLISH, "dt/app/camera/forbidden", False),
        (MqttAction.RETAIN_PUBLISH, "dt/app/camera/health", False),
        (MqttAction.RECEIVE, "dt/app/camera/health", True),
        (MqttAction.RECEIVE, "cmd/app/camera/report", False),
        (MqttAction.SUBSCRIBE, "cmd/app/camera/+", True),
        (MqttAction.SUBSCRIBE, "cmd/app/camera/report", False),
        (MqttAction.SUBSCRIBE, "cmd/app/+/+", False),
        (MqttAction.SUBSCRIBE, "$share/group/cmd/app/camera/+", True),
    ],
)
def test_a_device_is_held_to_its_own_name(action: MqttAction, topic: str, allowed: bool) -> None:
    assert may([POLICY], action, topic) is allowed


def test_without_a_policy_a_device_may_do_nothing() -> None:
    assert not may([], MqttAction.CONNECT, "camera")


def test_thing_variables_are_unknown_over_https() -> None:
    need = thing_groups_call(Device("333333333333", "eu-west-1", "camera"), "camera").needs[0]
    assert not decide(CAMERA.principal, need, [POLICY], None).allowed


def test_public_components_belong_to_no_account() -> None:
    own, public = candidates_call(CAMERA, ["com.example.app", "aws.greengrass.Nucleus"]).needs
    assert not decide(CAMERA.principal, own, [POLICY], None).allowed
    assert decide(CAMERA.principal, public, [POLICY], None).allowed
