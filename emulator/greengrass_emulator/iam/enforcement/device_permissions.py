"""The checks of brokers and device endpoints before they allow a device something."""

import threading
from collections import OrderedDict

from greengrass_emulator.iam.enforcement.permissions import Permissions
from greengrass_emulator.iam.iot_policies import (
    Device,
    MqttAction,
    candidates_call,
    credentials_call,
    mqtt_call,
    thing_groups_call,
)
from greengrass_emulator.iam.requests import Call, Need, Principal, PrincipalKind

_REMEMBERED = 10_000
CREDENTIALS_SERVICE = "credentials.iot.amazonaws.com"


class DeviceSessions:
    """The device that got an access key. Bounded: the oldest entries are dropped; their sessions have ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._things: OrderedDict[str, str] = OrderedDict()

    def put(self, access_key_id: str, thing: str) -> None:
        """Store the device of a key."""
        with self._lock:
            self._things[access_key_id] = thing
            if len(self._things) > _REMEMBERED:
                self._things.popitem(last=False)

    def thing_of(self, access_key_id: str) -> str:
        """Return the thing, or an empty text for a key that no device got."""
        with self._lock:
            return self._things.get(access_key_id, "")


class DevicePermissions:
    """One account's devices."""

    def __init__(self, permissions: Permissions, sessions: DeviceSessions, account: str, region: str) -> None:
        self._permissions = permissions
        self._sessions = sessions
        self._account = account
        self._region = region

    def mqtt(self, thing: str, client_id: str, action: str, topic: str) -> bool:
        """Return whether a connected device may do an ``MqttAction``. ``topic`` is the client id for Connect."""
        device = Device(self._account, self._region, thing, client_id)
        return self._allows(device, mqtt_call(device, MqttAction(action), topic))

    def credentials(self, thing: str, alias: str, role_arn: str) -> bool:
        """Return whether a device may have an alias's credentials, and the role trusts IoT to issue them."""
        device = Device(self._account, self._region, thing)
        if not self._allows(device, credentials_call(device, alias)):
            return False
        context = {
            "aws:sourceaccount": (self._account,),
            "aws:sourcearn": (device.arn(f"rolealias/{alias}"),),
            "aws:requestedregion": (self._region,),
        }
        need = Need("sts:AssumeRole", role_arn, role_arn.split(":")[4], context)
        service = Principal(PrincipalKind.SERVICE, "", CREDENTIALS_SERVICE)
        return self._permissions.judge(service, Call("sts", "AssumeRole", self._region, (need,))).allowed

    def store_session(self, thing: str, access_key_id: str) -> None:
        """Store the device of these credentials, for policy variables."""
        self._sessions.put(access_key_id, thing)

    def candidates(self, thing: str, components: tuple[str, ...]) -> bool:
        """Return whether a device may resolve these components."""
        device = Device(self._account, self._region, thing)
        return self._allows(device, candidates_call(device, components))

    def thing_groups(self, thing: str, asked: str) -> bool:
        """Return whether a device may read a core device's thing groups."""
        device = Device(self._account, self._region, thing)
        return self._allows(device, thing_groups_call(device, asked))

    def _allows(self, device: Device, call: Call) -> bool:
        return self._permissions.judge(device.principal, call).allowed
