"""A device's requests with its certificate over HTTPS: credentials, versions, groups."""

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from greengrass_emulator.cloud.accounts import AccessKey
from greengrass_emulator.cloud.clients import client_for
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import ROLE_ALIAS, DeviceFolder, provision_device


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A device's way to the endpoint."""

    device: DeviceFolder
    port: int

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.device.folder / "root.ca.pem"))
        context.load_cert_chain(self.device.folder / "thing.cert.pem", self.device.folder / "thing.key.pem")
        return context

    def ask(self, method: str, path: str, document: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        body = None if document is None else json.dumps(document)
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.context(), timeout=30)
        with closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def resolve(self, **requirements: str) -> tuple[int, dict[str, Any]]:
        candidates = [
            {"componentName": name.replace("__", "."), "versionRequirements": {"thinggroup/x": wanted}}
            for name, wanted in requirements.items()
        ]
        return self.ask("POST", "/greengrass/v2/resolveComponentCandidates", {"componentCandidates": candidates})


@pytest.fixture
def endpoint(cloud: Cloud, unique: str, tmp_path: Path) -> Endpoint:
    device = provision_device(cloud, tmp_path, account="preprod", thing=unique, groups=(f"{unique}-group",))
    return Endpoint(device, cloud.endpoints("preprod").device_endpoint_port)


def test_a_device_gets_credentials_of_its_own_account(cloud: Cloud, endpoint: Endpoint) -> None:
    thing = {"x-amzn-iot-thingname": endpoint.device.thing}
    status, answer = endpoint.ask("GET", f"/role-aliases/{ROLE_ALIAS}/credentials", **thing)
    assert status == 200
    got = answer["credentials"]
    key = AccessKey(got["accessKeyId"], got["secretAccessKey"])
    sts = client_for("sts", cloud.endpoint_url, cloud.region, key, got["sessionToken"])
    identity = sts.get_caller_identity()
    assert identity["Arn"].startswith("arn:aws:sts::222222222222:assumed-role/GreengrassV2TokenExchangeRole/")
    assert got["expiration"].endswith("Z")


@pytest.mark.parametrize(
    ("alias", "thing"), [("NoSuchAlias", None), (ROLE_ALIAS, "somebody-else")], ids=["absent alias", "other thing"]
)
def test_credentials_are_refused(endpoint: Endpoint, alias: str, thing: str | None) -> None:
    headers = {"x-amzn-iot-thingname": thing} if thing else {}
    status, answer = endpoint.ask("GET", f"/role-aliases/{alias}/credentials", **headers)
    assert status == 403
    assert alias in answer["message"] or str(thing) in answer["message"]


def test_a_device_learns_its_thing_groups(endpoint: Endpoint) -> None:
    thing = endpoint.device.thing
    status, answer = endpoint.ask("GET", f"/greengrass/v2/coreDevices/{thing}/thingGroups")
    arn = f"arn:aws:iot:eu-west-1:222222222222:thinggroup/{thing}-group"
    assert (status, answer) == (200, {"thingGroups": [{"thingGroupName": f"{thing}-group", "thingGroupArn": arn}]})
    assert endpoint.ask("GET", "/greengrass/v2/coreDevices/another/thingGroups")[0] == 404


def test_the_highest_version_that_satisfies_is_resolved_with_its_recipe(
    endpoint: Endpoint, unique: str, deployable: Callable[..., str]
) -> None:
    for version in ("1.0.0", "1.4.0", "1.10.0", "2.0.0"):
        deployable(unique, version)
    status, answer = endpoint.resolve(**{unique: ">=1.0.0 <2.0.0", "aws__greengrass__Nucleus": "~2.14.0"})
    assert status == 200
    found = {v["componentName"]: v for v in answer["resolvedComponentVersions"]}
    assert found[unique]["componentVersion"] == "1.10.0"
    assert json.loads(base64.b64decode(found[unique]["recipe"]))["ComponentVersion"] == "1.10.0"
    assert found["aws.greengrass.Nucleus"]["componentVersion"] == "2.14.3"


def test_requirements_that_no_version_satisfies_are_not_found(
    endpoint: Endpoint, unique: str, deployable: Callable[..., str]
) -> None:
    deployable(unique)
    status, answer = endpoint.resolve(**{unique: ">=2.0.0"})
    assert status == 404
    assert "thinggroup/x requires >=2.0.0" in answer["message"]


def test_a_version_that_failed_is_not_resolved(
    greengrass: Any, endpoint: Endpoint, unique: str, recipe: Any, wait_until_settled: Any
) -> None:
    made = greengrass.create_component_version(inlineRecipe=recipe(unique, uris=("s3://no-such-bucket-z/k",)))
    wait_until_settled(greengrass, made["arn"])
    assert endpoint.resolve(**{unique: "1.0.0"})[0] == 404


def test_a_requirement_that_is_no_range_is_refused(endpoint: Endpoint) -> None:
    status, answer = endpoint.resolve(x="banana")
    assert status == 400
    assert "'banana'" in answer["message"]


def test_a_caller_without_a_certificate_is_not_answered(endpoint: Endpoint) -> None:
    context = ssl.create_default_context(cafile=str(endpoint.device.folder / "root.ca.pem"))
    connection = http.client.HTTPSConnection("localhost", endpoint.port, context=context, timeout=30)

    def ask() -> None:
        connection.request("GET", "/")
        connection.getresponse()

    # With TLS 1.3 the refusal comes after the client's part of the handshake: at either call.
    with closing(connection), pytest.raises((ssl.SSLError, ConnectionError)):
        ask()


@pytest.fixture
def silent_client(endpoint: Endpoint) -> Iterator[None]:
    with socket.create_connection(("127.0.0.1", endpoint.port)):
        yield


def test_a_silent_client_does_not_block_others(silent_client: None, endpoint: Endpoint) -> None:
    assert endpoint.resolve(aws__greengrass__Cli="*")[0] == 200


def test_a_device_of_another_account_is_refused(cloud: Cloud, unique: str, tmp_path: Path) -> None:
    device = provision_device(cloud, tmp_path, account="prod", thing=unique)
    stranger = Endpoint(device, cloud.endpoints("preprod").device_endpoint_port)
    assert stranger.resolve(aws__greengrass__Cli="*")[0] == 403


def test_the_token_exchange_role_downloads_as_a_nucleus_does(cloud: Cloud, endpoint: Endpoint, bucket: str) -> None:
    cloud.client("s3", account="preprod").put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    _, answer = endpoint.ask("GET", f"/role-aliases/{ROLE_ALIAS}/credentials")
    got = answer["credentials"]
    key = AccessKey(got["accessKeyId"], got["secretAccessKey"])
    s3 = client_for("s3", cloud.endpoint_url, cloud.region, key, got["sessionToken"])
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == "eu-west-1"
    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == 10
    assert s3.get_object(Bucket=bucket, Key="k", Range="bytes=4-6")["Body"].read() == b"456"
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.get_bucket_location(Bucket="no-such-bucket-y")
