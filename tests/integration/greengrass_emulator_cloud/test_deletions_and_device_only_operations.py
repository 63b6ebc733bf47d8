"""Deletions, and the operations that only devices may call."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.control_plane.api import OPERATIONS
from greengrass_emulator.cloud.provisioning import provision_device
from greengrass_emulator.service_models import service_model

OTHERS_AFFAIR = {
    "AssociateServiceRoleToAccount",
    "BatchAssociateClientDeviceWithCoreDevice",
    "BatchDisassociateClientDeviceFromCoreDevice",
    "DisassociateServiceRoleFromAccount",
    "GetConnectivityInfo",
    "GetServiceRoleForAccount",
    "ListClientDevicesAssociatedWithCoreDevice",
    "UpdateConnectivityInfo",
}


def test_every_operation_but_client_devices_connectivity_and_the_service_role_is_there() -> None:
    assert set(OPERATIONS) == set(service_model("greengrassv2").operation_names) - OTHERS_AFFAIR


def test_what_is_not_emulated_says_so(greengrass: Any) -> None:
    with pytest.raises(ClientError) as refused:
        greengrass.get_service_role_for_account()
    assert refused.value.response["Error"]["Code"] == "UnsupportedOperationException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_an_active_deployment_cannot_be_deleted_and_a_revision_is_not_used_again(
    greengrass: Any, group_arn: str
) -> None:
    first = greengrass.create_deployment(targetArn=group_arn)["deploymentId"]
    second = greengrass.create_deployment(targetArn=group_arn)["deploymentId"]
    with pytest.raises(greengrass.exceptions.ConflictException, match="cancel it before") as refused:
        greengrass.delete_deployment(deploymentId=second)
    assert refused.value.response["resourceType"] == "DEPLOYMENT"
    greengrass.cancel_deployment(deploymentId=second)
    greengrass.delete_deployment(deploymentId=second)
    with pytest.raises(greengrass.exceptions.ResourceNotFoundException):
        greengrass.get_deployment(deploymentId=second)
    listed = greengrass.list_deployments(targetArn=group_arn)["deployments"]
    assert [(d["deploymentId"], d["isLatestForTarget"]) for d in listed] == [(first, True)]
    third = greengrass.create_deployment(targetArn=group_arn)["deploymentId"]
    assert greengrass.get_deployment(deploymentId=third)["revisionId"] == "3"


def test_a_deleted_core_device_returns_with_its_next_status(
    cloud: Cloud, greengrass: Any, unique: str, new_device: Callable[..., Any]
) -> None:
    device = new_device(unique)
    status = {"ggcVersion": "2.14.0", "components": []}

    def speak() -> None:
        device.publish(f"$aws/things/{unique}/greengrassv2/health/json", status)
        deadline = time.monotonic() + 40
        pages = greengrass.get_paginator("list_core_devices")
        while unique not in {d["coreDeviceThingName"] for page in pages.paginate() for d in page["coreDevices"]}:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    speak()
    greengrass.delete_core_device(coreDeviceThingName=unique)
    with pytest.raises(greengrass.exceptions.ResourceNotFoundException):
        greengrass.get_core_device(coreDeviceThingName=unique)
    with pytest.raises(greengrass.exceptions.ResourceNotFoundException):
        greengrass.delete_core_device(coreDeviceThingName=unique)
    assert cloud.client("iot", account="preprod").describe_thing(thingName=unique)["thingName"] == unique
    speak()


def test_a_private_components_artifact_has_no_url_of_the_service(
    greengrass: Any, unique: str, deployable: Callable[..., str]
) -> None:
    arn = deployable(unique)
    with pytest.raises(greengrass.exceptions.ResourceNotFoundException) as refused:
        greengrass.get_component_version_artifact(arn=arn, artifactName="folder/model.zip")
    assert (refused.value.response["resourceId"], refused.value.response["resourceType"]) == (
        "folder/model.zip",
        "ARTIFACT",
    )


def test_candidates_are_resolved_for_a_devices_certificate_and_for_nobody_else(
    cloud: Cloud, greengrass: Any, unique: str, deployable: Callable[..., str], tmp_path: Path
) -> None:
    for version in ("1.0.0", "1.4.0", "2.0.0"):
        deployable(unique, version)
    asked = {
        "platform": {"name": "linux", "attributes": {"os": "linux"}},
        "componentCandidates": [{"componentName": unique, "versionRequirements": {"a": "^1.0.0", "b": ">=1.1.0"}}],
    }
    with pytest.raises(greengrass.exceptions.AccessDeniedException, match="data plane"):
        greengrass.resolve_component_candidates(**asked)
    folder = provision_device(cloud, tmp_path, account="preprod", thing=unique).folder
    data_plane: Any = Session().create_client(
        "greengrassv2",
        region_name=cloud.region,
        endpoint_url=f"https://localhost:{cloud.endpoints('preprod').device_endpoint_port}",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        verify=str(folder / "root.ca.pem"),
        config=Config(client_cert=(str(folder / "thing.cert.pem"), str(folder / "thing.key.pem"))),
    )
    try:
        resolved = data_plane.resolve_component_candidates(**asked)["resolvedComponentVersions"]
        assert [(each["componentName"], each["componentVersion"]) for each in resolved] == [(unique, "1.4.0")]
        asked["componentCandidates"][0]["versionRequirements"]["c"] = "^2.0.0"
        with pytest.raises(data_plane.exceptions.ResourceNotFoundException, match="a requires"):
            data_plane.resolve_component_candidates(**asked)
    finally:
        data_plane.close()


def test_every_paginator_goes_through_all_pages(
    cloud: Cloud,
    greengrass: Any,
    unique: str,
    group_arn: str,
    deployable: Callable[..., str],
    new_device: Callable[..., Any],
) -> None:
    names = [f"{unique}.{letter}" for letter in "abc"]
    arns = [deployable(name) for name in names]
    deployable(names[0], "1.1.0")
    other = cloud.client("iot", account="preprod").create_thing_group(thingGroupName=f"{unique}-2")["thingGroupArn"]
    made = [greengrass.create_deployment(targetArn=target)["deploymentId"] for target in (group_arn, other)]
    components = [{"componentName": n, "version": "1.0.0", "status": "RUNNING", "isRoot": True} for n in names]
    device = new_device(f"{unique}-cam", groups=(unique, f"{unique}-2"))
    device.publish(f"$aws/things/{device.thing}/greengrassv2/health/json", {"components": components})
    # A device's messages are taken in their order: with this answer the fleet status has been read.
    device.subscribe(f"$aws/things/{device.thing}/shadow/get/rejected")
    device.publish(f"$aws/things/{device.thing}/shadow/get", {})
    device.receive(f"$aws/things/{device.thing}/shadow/get/rejected")

    def seen(operation: str, key: str, field: str, **asked: str) -> list[str]:
        pages = greengrass.get_paginator(operation).paginate(**asked, PaginationConfig={"PageSize": 1})
        return [item[field] for page in pages for item in page[key]]

    assert seen("list_component_versions", "componentVersions", "componentVersion", arn=arns[0].rsplit(":", 2)[0]) == [
        "1.1.0",
        "1.0.0",
    ]
    assert set(names) <= set(seen("list_components", "components", "componentName"))
    assert set(made) <= set(seen("list_deployments", "deployments", "deploymentId"))
    assert device.thing in seen("list_core_devices", "coreDevices", "coreDeviceThingName")
    assert seen(
        "list_installed_components", "installedComponents", "componentName", coreDeviceThingName=device.thing
    ) == sorted(names)
    assert (
        seen("list_effective_deployments", "effectiveDeployments", "deploymentId", coreDeviceThingName=device.thing)
        == made
    )
