"""What a device may do with its certificate: MQTT, credentials, Greengrass's data plane.

Source: AWS IoT Core Developer Guide, "AWS IoT Core policy actions", "Policy action resources" and "Thing policy
variables".
Thing policy variables are known over MQTT only, not over HTTPS, where the client id that they are read from is missing
("iot:Connection.Thing.ThingName … only available when a device connects over MQTT").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from greengrass_emulator.iam.requests import Call, ContextValues, Need, Principal, PrincipalKind


class MqttAction(StrEnum):
    """A client's action at the broker. The value is the IAM action's name."""

    CONNECT = "Connect"
    PUBLISH = "Publish"
    RETAIN_PUBLISH = "RetainPublish"
    SUBSCRIBE = "Subscribe"
    RECEIVE = "Receive"


_RESOURCES = {MqttAction.CONNECT: "client", MqttAction.SUBSCRIBE: "topicfilter"}


@dataclass(frozen=True, slots=True)
class Device:
    """A thing, known by its certificate, and the client id of its connection; over HTTPS there is none."""

    account: str
    region: str
    thing: str
    client_id: str = ""

    @property
    def principal(self) -> Principal:
        """The device as a principal."""
        return Principal(PrincipalKind.THING, self.account, self.arn(f"thing/{self.thing}"))

    @property
    def context(self) -> ContextValues:
        """The context keys for a policy's variables and conditions."""
        if not self.client_id:
            return {}
        return {
            "iot:clientid": (self.client_id,),
            "iot:connection.thing.isattached": ("true",),
            "iot:connection.thing.thingname": (self.thing,),
        }

    def arn(self, rest: str, service: str = "iot") -> str:
        """Return the ARN of a resource of the device's account."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"


def mqtt_call(device: Device, action: MqttAction, topic: str) -> Call:
    """Return the call of an MQTT packet. ``topic`` is the client id for Connect, the filter for Subscribe.

    A shared subscription is checked by the filter within it. ``+`` and ``#`` in a filter are plain text to
    a policy.
    """
    name = topic
    if action is MqttAction.SUBSCRIBE and topic.startswith("$share/"):
        name = topic.split("/", 2)[-1]
    resource = device.arn(f"{_RESOURCES.get(action, 'topic')}/{name}")
    need = Need(f"iot:{action}", resource, device.account, device.context)
    return Call("mqtt", action, device.region, (need,))


def credentials_call(device: Device, alias: str) -> Call:
    """Return the call of a request for a role alias's credentials."""
    need = Need("iot:AssumeRoleWithCertificate", device.arn(f"rolealias/{alias}"), device.account)
    return Call("credentials", "AssumeRoleWithCertificate", device.region, (need,))


def candidates_call(device: Device, components: Sequence[str]) -> Call:
    """Return the call of ResolveComponentCandidates; versions are not known before the answer."""
    needs = tuple(
        Need("greengrass:ResolveComponentCandidates", _component(device, name), device.account) for name in components
    )
    return Call("greengrass-data", "ResolveComponentCandidates", device.region, needs)


def _component(device: Device, name: str) -> str:
    arn = device.arn(f"components:{name}:versions:*", "greengrass")
    # Public components belong to no account: their ARNs have ``aws`` in its place.
    return arn.replace(f":{device.account}:", ":aws:", 1) if name.startswith("aws.greengrass.") else arn


def thing_groups_call(device: Device, thing: str) -> Call:
    """Return the call of a request for a core device's thing groups."""
    need = Need(
        "greengrass:ListThingGroupsForCoreDevice", device.arn(f"coreDevices:{thing}", "greengrass"), device.account
    )
    return Call("greengrass-data", "ListThingGroupsForCoreDevice", device.region, (need,))
