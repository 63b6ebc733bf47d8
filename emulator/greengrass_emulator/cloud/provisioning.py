"""Gives a device its identity, as `AWS IoT Greengrass - automatic provisioning` does, and writes its folder.

It uses only the account's own API, so that it works from any process. Running it twice renews the certificate and
changes nothing else. The folder's ``config.yaml`` is in the nucleus's own spelling.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.cloud_state import CloudState, read_state
from greengrass_emulator.errors import ProvisioningFailed, WrongUse
from greengrass_emulator.iam.enforcement.device_permissions import CREDENTIALS_SERVICE
from greengrass_emulator.json_value import JsonObject, JsonValue
from greengrass_emulator.nucleus.settings import has_python

TOKEN_EXCHANGE_ROLE = "GreengrassV2TokenExchangeRole"  # noqa: S105 - AWS's name for it
ROLE_ALIAS = "GreengrassTokenExchangeAlias"
THING_POLICY = "GreengrassThingPolicy"


@dataclass(frozen=True, slots=True)
class DeviceFolder:
    """A provisioned device's folder."""

    thing: str
    folder: Path

    @property
    def config_path(self) -> Path:
        """The path for the nucleus's ``--config``."""
        return self.folder / "config.yaml"

    @property
    def root(self) -> Path:
        """The nucleus's root folder."""
        return self.folder / "root"


def provision_device(
    cloud: Cloud | CloudState,
    folder: Path,
    *,
    account: str,
    thing: str,
    groups: tuple[str, ...] = (),
    posix_user: str | None = None,
    python: Path | None = None,
) -> DeviceFolder:
    """Make thing, certificate, role alias and groups, and the device's folder.

    ``posix_user`` runs the components (``runWithDefault``). The default is the user in the folder's existing config,
    else this process's user. ``python`` is the environment whose ``bin/python3`` they find; the default is that of the
    existing config, else a bare one. Raises ``ProvisioningFailed`` with the cloud's error, and ``WrongUse`` for an
    environment without a Python.
    """
    if python is not None:
        check_python(python)
    state = cloud if isinstance(cloud, CloudState) else read_state(cloud.state_path)
    try:
        identity = _enrol(state, account, thing, groups)
    except (ClientError, BotoCoreError) as fault:
        raise ProvisioningFailed(
            f"The thing {thing} could not be made in account {account}: {fault}", "see whether the cloud runs"
        ) from fault
    device = DeviceFolder(thing, folder.absolute())
    run_with: JsonValue = {"posixUser": posix_user} if posix_user else _run_with(device.config_path)
    chosen: JsonValue = {"python": str(python.absolute())} if python else _written(device.config_path, "emulator")
    _write_folder(device, state, account, identity, run_with, chosen)
    return device


def check_python(environment: Path) -> None:
    """Raise ``WrongUse`` if a folder is no Python environment: it must have a ``bin/python3`` that can be run."""
    if not has_python(environment):
        raise WrongUse(
            f"--python {environment}: there is no {environment / 'bin' / 'python3'} that can be run",
            "name the folder of an environment, as `python3 -m venv` makes one; or leave it out for a bare one",
        )


def ensure_thing_group(iot: Any, name: str) -> str:
    """Create a thing group, a deployment target, if it is missing. Return its ARN."""
    try:
        return str(iot.describe_thing_group(thingGroupName=name)["thingGroupArn"])
    except iot.exceptions.ResourceNotFoundException:
        return str(iot.create_thing_group(thingGroupName=name)["thingGroupArn"])


def ensure_token_exchange(iam: Any, iot: Any) -> None:
    """Create the role for devices' components, and its alias, if they are missing."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": CREDENTIALS_SERVICE}, "Action": "sts:AssumeRole"}],
    }
    try:
        role = iam.create_role(RoleName=TOKEN_EXCHANGE_ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        role = iam.get_role(RoleName=TOKEN_EXCHANGE_ROLE)
    if ROLE_ALIAS not in iot.list_role_aliases()["roleAliases"]:
        iot.create_role_alias(roleAlias=ROLE_ALIAS, roleArn=role["Role"]["Arn"], credentialDurationSeconds=3600)


@dataclass(frozen=True, slots=True)
class _Identity:
    """A device's certificate and private key, PEM."""

    certificate: str
    private_key: str


def _enrol(state: CloudState, account: str, thing: str, groups: tuple[str, ...]) -> _Identity:
    iot, iam = state.client("iot", account), state.client("iam", account)
    ensure_token_exchange(iam, iot)
    iot.create_thing(thingName=thing)
    created = iot.create_keys_and_certificate(setAsActive=True)
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["iot:*", "greengrass:*"], "Resource": "*"}],
    }
    if THING_POLICY not in {known["policyName"] for known in iot.list_policies()["policies"]}:
        iot.create_policy(policyName=THING_POLICY, policyDocument=json.dumps(policy))
    iot.attach_policy(policyName=THING_POLICY, target=created["certificateArn"])
    iot.attach_thing_principal(thingName=thing, principal=created["certificateArn"])
    for group in groups:
        ensure_thing_group(iot, group)
        iot.add_thing_to_thing_group(thingGroupName=group, thingName=thing)
    return _Identity(created["certificatePem"], created["keyPair"]["PrivateKey"])


def _write_folder(
    device: DeviceFolder, state: CloudState, account: str, identity: _Identity, run_with: JsonValue, emulator: JsonValue
) -> None:
    folder = device.folder
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key, root = folder / "thing.cert.pem", folder / "thing.key.pem", folder / "root.ca.pem"
    certificate.write_text(identity.certificate)
    key.touch(mode=0o600)
    key.write_text(identity.private_key)
    root.write_text(state.root_certificate_path.read_text())
    endpoints = state.accounts[account]
    configuration: JsonObject = {
        "awsRegion": state.region,
        "iotRoleAlias": ROLE_ALIAS,
        "runWithDefault": run_with,
        "iotDataEndpoint": "localhost",
        "iotCredEndpoint": "localhost",
        "mqtt": {"port": endpoints.broker_port},
        "greengrassDataPlaneEndpoint": f"https://localhost:{endpoints.device_endpoint_port}",
        "s3EndpointUrl": state.gateway_url,
    }
    config: JsonObject = {
        "system": {
            "certificateFilePath": str(certificate),
            "privateKeyPath": str(key),
            "rootCaPath": str(root),
            "rootpath": str(device.root),
            "thingName": device.thing,
        },
        "services": {"aws.greengrass.Nucleus": {"componentType": "NUCLEUS", "configuration": configuration}},
        **({"emulator": emulator} if emulator else {}),
    }
    device.config_path.write_text(yaml.safe_dump(config, sort_keys=False))


def _run_with(config_path: Path) -> JsonValue:
    """Return the user that runs components: the one in the existing config, else this process's."""
    found = _written(config_path, "services", "aws.greengrass.Nucleus", "configuration", "runWithDefault")
    return found or {"posixUser": f"{os.geteuid()}:{os.getegid()}"}


def _written(config_path: Path, *path: str) -> JsonValue:
    """Return a part of an existing config; None if there is none."""
    try:
        found: JsonValue = yaml.safe_load(config_path.read_text(encoding="utf-8"))
        for key in path:
            found = found[key] if isinstance(found, dict) else None
    except (OSError, yaml.YAMLError, KeyError):
        return None
    return found
