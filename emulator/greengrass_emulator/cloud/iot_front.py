"""Answers before moto's IoT: certificates that our devices' TLS accepts, shadows and topics that reach devices.

moto's certificates are not signed by any authority; it lists a group's things in one page and without those of its
child groups; it does not publish a shadow's update, and only stores what is published.
"""

import json
import re
import time
from collections.abc import Mapping
from urllib.parse import unquote

from greengrass_emulator.cloud.api_errors import Answer, ShadowError
from greengrass_emulator.cloud.certificate_authority import CertificateAuthority
from greengrass_emulator.cloud.control_plane.deployment_operations import follow_members
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.control_plane.request_tokens import page
from greengrass_emulator.cloud.device_messages.reserved_topics import delete_shadow, write_shadow
from greengrass_emulator.cloud.fleet_index.operations import answer_index_request
from greengrass_emulator.cloud.gateway import GatewayRequest

_THINGS_OF_GROUP = re.compile(r"/thing-groups/([^/]+)/things")
_OF_THINGS = ("/thing-groups/", "/things/", "/billing-groups/")
_NAMED_SHADOWS = "/api/things/shadow/ListNamedShadowsForThing/"
MAXIMUM_SHADOW_PAGE = 100


class IotFront:
    """The control API's part (signing name ``iot``)."""

    def __init__(self, planes: Mapping[str, AccountPlane], authority: CertificateAuthority) -> None:
        self._planes = planes
        self._authority = authority

    def answer(self, request: GatewayRequest) -> Answer | None:
        """Answer ``CreateKeysAndCertificate``, ``ListThingsInThingGroup`` and the fleet index; None for the rest."""
        listed = _THINGS_OF_GROUP.fullmatch(unquote(request.raw_path))
        if request.method == "GET" and listed:
            return self._things_of_group(request, listed[1])
        if request.method == "POST" and request.raw_path == "/keys-and-certificate":
            return self._keys_and_certificate(request)
        return answer_index_request(self._planes[request.caller.account_id], request)

    def follow(self, request: GatewayRequest) -> None:
        """React to changes of groups: a thing that joined gets the group's deployment, one that left or was deleted
        loses it. The index gets the change, too."""
        if request.method == "GET" or not request.raw_path.startswith(_OF_THINGS):
            return
        plane = self._planes[request.caller.account_id]
        with plane.lock:
            plane.index.registry_changed()
            if not request.raw_path.startswith("/billing-groups/"):
                follow_members(plane)

    def _things_of_group(self, request: GatewayRequest, group: str) -> Answer | None:
        things = self._planes[request.caller.account_id].things
        arn = f"{things.arn_prefix()}thinggroup/{group}"
        if not things.group_exists(arn):
            return None
        recursive = request.query.get("recursive", ["false"])[0] == "true"
        size = request.query.get("maxResults", ["25"])[0]
        token = next(iter(request.query.get("nextToken", [])), None)
        names, following = page(things.members(arn, recursive=recursive), int(size) if size.isdigit() else 25, token)
        return _json({"things": list(names), "nextToken": following})

    def _keys_and_certificate(self, request: GatewayRequest) -> Answer:
        identity = self._authority.issue_device_identity()
        active = request.query.get("setAsActive", ["false"])[0].lower() == "true"
        things = self._planes[request.caller.account_id].things
        arn, certificate_id = things.register_certificate(identity.certificate, active=active)
        return _json(
            {
                "certificateArn": arn,
                "certificateId": certificate_id,
                "certificatePem": identity.certificate,
                "keyPair": {"PublicKey": identity.public_key, "PrivateKey": identity.private_key},
            }
        )


class IotDataFront:
    """The data API's part (signing name ``iotdata``)."""

    def __init__(self, planes: Mapping[str, AccountPlane]) -> None:
        self._planes = planes

    def answer(self, request: GatewayRequest) -> Answer | None:
        """Answer ``Publish`` and the operations on shadows; return None for the others, which are moto's."""
        plane = self._planes[request.caller.account_id]
        path = unquote(request.raw_path)
        if request.method == "POST" and path.startswith("/topics/"):
            plane.publish(path.removeprefix("/topics/"), request.body())
            return _json({})
        if request.method == "GET" and path.startswith(_NAMED_SHADOWS):
            return _json(_named_shadows(plane, path.removeprefix(_NAMED_SHADOWS), request.query))
        parts = path.split("/")
        if len(parts) != 4 or (parts[1], parts[3]) != ("things", "shadow"):
            return None
        thing, name = parts[2], request.query.get("name", [None])[0]
        match request.method:
            case "POST":
                return _json(write_shadow(plane, thing, name, request.body()))
            case "DELETE":
                return _json(delete_shadow(plane, thing, name))
            case _:
                return _json(_locked_get(plane, thing, name))


def _locked_get(plane: AccountPlane, thing: str, name: str | None) -> Mapping[str, object]:
    with plane.lock:
        return plane.shadows.get(thing, name)


def _named_shadows(plane: AccountPlane, thing: str, query: Mapping[str, list[str]]) -> Mapping[str, object]:
    with plane.lock:
        known = plane.shadows.names(thing)
    size = query.get("pageSize", ["25"])[0]
    if not size.isdigit() or not 1 <= int(size) <= MAXIMUM_SHADOW_PAGE:
        raise ShadowError(400, f"pageSize must be 1 to {MAXIMUM_SHADOW_PAGE}")
    token = next(iter(query.get("nextToken", [])), None)
    names, following = page(known, int(size), token)
    answer: dict[str, object] = {"results": list(names), "timestamp": int(time.time())}
    return answer | ({"nextToken": following} if following else {})


def _json(document: Mapping[str, object]) -> Answer:
    return Answer(200, json.dumps(document).encode())
