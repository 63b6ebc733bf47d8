"""Deployments, as a publisher meets them through boto3 and a device over MQTT."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud

NewDevice = Callable[..., Any]
Deployable = Callable[..., str]


def specification(version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    return {"componentVersion": version, **more}


def test_a_deployment_has_the_defaults_of_the_api(
    greengrass: Any, group_arn: str, unique: str, deployable: Deployable
) -> None:
    deployable(unique)
    made = greengrass.create_deployment(
        targetArn=group_arn, deploymentName="first", components={unique: specification()}, tags={"k": "v"}
    )
    got = greengrass.get_deployment(deploymentId=made["deploymentId"])
    assert got["deploymentPolicies"] == {
        "failureHandlingPolicy": "ROLLBACK",
        "componentUpdatePolicy": {"timeoutInSeconds": 60, "action": "NOTIFY_COMPONENTS"},
        "configurationValidationPolicy": {"timeoutInSeconds": 30},
    }
    assert got["components"] == {unique: specification()}
    assert (got["revisionId"], got["deploymentStatus"], got["isLatestForTarget"]) == ("1", "ACTIVE", True)
    assert got["tags"] == {"k": "v"}
    assert got["iotJobArn"].endswith(f":job/{made['iotJobId']}")


def test_the_newest_deployment_of_a_target_wins(greengrass: Any, group_arn: str) -> None:
    first = greengrass.create_deployment(targetArn=group_arn)["deploymentId"]
    second = greengrass.create_deployment(targetArn=group_arn)["deploymentId"]
    latest = greengrass.list_deployments(targetArn=group_arn)["deployments"]
    assert [d["deploymentId"] for d in latest] == [second]
    pages = greengrass.get_paginator("list_deployments").paginate(
        targetArn=group_arn, historyFilter="ALL", PaginationConfig={"PageSize": 1}
    )
    history = [d for page in pages for d in page["deployments"]]
    assert [(d["deploymentId"], d["deploymentStatus"], d["revisionId"]) for d in history] == [
        (second, "ACTIVE", "2"),
        (first, "INACTIVE", "1"),
    ]


def test_a_client_token_answers_the_second_request_with_the_first_deployment(greengrass: Any, group_arn: str) -> None:
    first = greengrass.create_deployment(targetArn=group_arn, clientToken="one")
    greengrass.create_deployment(targetArn=group_arn, clientToken="two")
    again = greengrass.create_deployment(targetArn=group_arn, clientToken="one")
    assert again["deploymentId"] == first["deploymentId"]
    assert len(greengrass.list_deployments(targetArn=group_arn, historyFilter="ALL")["deployments"]) == 2


def test_tags_of_a_deployment_can_be_written_later(greengrass: Any, group_arn: str) -> None:
    made = greengrass.create_deployment(targetArn=group_arn)
    arn = f"arn:aws:greengrass:eu-west-1:222222222222:deployments:{made['deploymentId']}"
    greengrass.tag_resource(resourceArn=arn, tags={"mlops:outcome": "confirmed"})
    assert greengrass.get_deployment(deploymentId=made["deploymentId"])["tags"] == {"mlops:outcome": "confirmed"}


@pytest.mark.parametrize(
    "target", ["arn:aws:iot:eu-west-1:222222222222:thinggroup/none", "arn:aws:iot:eu-west-1:222222222222:thing/none"]
)
def test_an_unknown_target_is_not_found(greengrass: Any, target: str) -> None:
    with pytest.raises(greengrass.exceptions.ResourceNotFoundException) as refused:
        greengrass.create_deployment(targetArn=target)
    assert refused.value.response["resourceId"] == target


def test_a_component_version_that_is_not_there_is_not_found(greengrass: Any, group_arn: str, unique: str) -> None:
    with pytest.raises(greengrass.exceptions.ResourceNotFoundException, match=unique):
        greengrass.create_deployment(targetArn=group_arn, components={unique: specification()})
    assert greengrass.list_deployments(targetArn=group_arn)["deployments"] == []


def test_a_failed_component_version_is_refused(
    greengrass: Any, group_arn: str, unique: str, recipe: Callable[..., bytes], wait_until_settled: Callable[..., Any]
) -> None:
    made = greengrass.create_component_version(inlineRecipe=recipe(unique, uris=("s3://no-such-bucket-x/y",)))
    wait_until_settled(greengrass, made["arn"])
    with pytest.raises(greengrass.exceptions.ValidationException, match="is FAILED, not DEPLOYABLE"):
        greengrass.create_deployment(targetArn=group_arn, components={unique: specification()})


@pytest.mark.parametrize(
    ("update", "field"),
    [
        ({"merge": "{not json"}, "configurationUpdate.merge"),
        ({"merge": "[1]"}, "configurationUpdate.merge"),
        ({"reset": ["desired"]}, "configurationUpdate.reset"),
    ],
)
def test_an_invalid_configuration_update_is_refused(
    greengrass: Any, group_arn: str, update: dict[str, Any], field: str
) -> None:
    component = specification("2.14.0", configurationUpdate=update)
    with pytest.raises(greengrass.exceptions.ValidationException) as refused:
        greengrass.create_deployment(targetArn=group_arn, components={"aws.greengrass.Cli": component})
    assert refused.value.response["fields"][0]["name"].endswith(field)


def test_a_rollout_has_one_criterion(greengrass: Any, group_arn: str) -> None:
    rate = {"baseRatePerMinute": 1, "incrementFactor": 2.0}
    both = {"numberOfNotifiedThings": 1, "numberOfSucceededThings": 1}
    rollout = {"jobExecutionsRolloutConfig": {"exponentialRate": rate | {"rateIncreaseCriteria": both}}}
    with pytest.raises(greengrass.exceptions.ValidationException, match="not both"):
        greengrass.create_deployment(targetArn=group_arn, iotJobConfiguration=rollout)


def test_only_an_active_deployment_is_cancelled(greengrass: Any, group_arn: str) -> None:
    made = greengrass.create_deployment(targetArn=group_arn)["deploymentId"]
    greengrass.cancel_deployment(deploymentId=made)
    assert greengrass.get_deployment(deploymentId=made)["deploymentStatus"] == "CANCELED"
    with pytest.raises(greengrass.exceptions.ConflictException):
        greengrass.cancel_deployment(deploymentId=made)


def test_a_groups_deployment_reaches_its_device_as_a_job_and_ends_as_the_device_says(
    cloud: Cloud, greengrass: Any, unique: str, group_arn: str, deployable: Deployable, new_device: NewDevice
) -> None:
    deployable(unique)
    device = new_device(f"{unique}-cam", groups=(unique,))
    prefix = f"$aws/things/{device.thing}"
    for topic in ("jobs/notify-next", "jobs/+/update/accepted"):
        device.subscribe(f"{prefix}/{topic}")
    device.publish(f"{prefix}/greengrassv2/health/json", fleet_status(device.thing))
    update = {"merge": json.dumps({"desired": {"release": "1"}}), "reset": ["/desired"]}
    made = greengrass.create_deployment(
        targetArn=group_arn, components={unique: specification(configurationUpdate=update)}
    )
    execution = device.receive(f"{prefix}/jobs/notify-next")["execution"]
    assert (execution["jobId"], execution["status"]) == (made["iotJobId"], "QUEUED")
    document = execution["jobDocument"]
    assert document["components"][unique]["configurationUpdate"] == {
        "merge": {"desired": {"release": "1"}},
        "reset": ["/desired"],
    }
    assert document["configurationArn"].endswith(f":configuration:thinggroup/{unique}:1")
    assert document["componentUpdatePolicy"] == {"action": "NOTIFY_COMPONENTS", "timeout": 60}

    topic = f"{prefix}/jobs/{made['iotJobId']}/update"
    device.publish(topic, {"status": "IN_PROGRESS", "clientToken": "abc"})
    assert device.receive(f"{topic}/accepted")["clientToken"] == "abc"
    assert effective(greengrass, device.thing)["coreDeviceExecutionStatus"] == "IN_PROGRESS"
    details = {
        "detailed-deployment-status": "FAILED_NO_STATE_CHANGE",
        "deployment-failure-cause": "digits: golden sample 3",
        "deployment-error-stack": json.dumps(["DEPLOYMENT_FAILURE", "COMPONENT_CONFIGURATION_NOT_VALID"]),
        "deployment-error-types": "[COMPONENT_ERROR]",
    }
    device.publish(topic, {"status": "FAILED", "statusDetails": details})
    assert device.receive(f"{prefix}/jobs/notify-next")["execution"] == {}
    failed = effective(greengrass, device.thing)
    assert failed["coreDeviceExecutionStatus"] == "FAILED"
    assert failed["reason"] == "FAILED_NO_STATE_CHANGE: digits: golden sample 3"
    assert failed["statusDetails"] == {
        "errorStack": ["DEPLOYMENT_FAILURE", "COMPONENT_CONFIGURATION_NOT_VALID"],
        "errorTypes": ["COMPONENT_ERROR"],
    }
    # The group's deployment stays as it is, whatever its devices say (aws-cli #6185).
    assert greengrass.get_deployment(deploymentId=made["deploymentId"])["deploymentStatus"] == "ACTIVE"
    iot = cloud.client("iot", account="preprod")
    job = iot.describe_job(jobId=made["iotJobId"])["job"]
    execution = iot.describe_job_execution(jobId=made["iotJobId"], thingName=device.thing)["execution"]
    assert execution["status"] == "FAILED"
    assert job["jobProcessDetails"]["numberOfFailedThings"] == 1
    assert job["jobProcessDetails"]["numberOfQueuedThings"] == 0


def test_a_job_that_is_over_takes_no_more_updates(
    greengrass: Any, unique: str, group_arn: str, new_device: NewDevice
) -> None:
    device = new_device(f"{unique}-cam", groups=(unique,))
    device.subscribe(f"$aws/things/{device.thing}/jobs/+/update/+")
    job = greengrass.create_deployment(targetArn=group_arn)["iotJobId"]
    topic = f"$aws/things/{device.thing}/jobs/{job}/update"
    device.publish(topic, {"status": "SUCCEEDED"})
    device.receive(f"{topic}/accepted")
    device.publish(topic, {"status": "FAILED"})
    assert device.receive(f"{topic}/rejected")["code"] == "InvalidStateTransition"


def test_a_newer_deployment_takes_the_place_of_one_that_is_still_open(
    greengrass: Any, unique: str, group_arn: str, new_device: NewDevice
) -> None:
    device = new_device(f"{unique}-cam", groups=(unique,))
    prefix = f"$aws/things/{device.thing}/jobs"
    for topic in ("$next/get/accepted", "+/update/rejected"):
        device.subscribe(f"{prefix}/{topic}")
    old = greengrass.create_deployment(targetArn=group_arn)["iotJobId"]
    new = greengrass.create_deployment(targetArn=group_arn)["iotJobId"]
    device.publish(f"{prefix}/$next/get", {})
    assert device.receive(f"{prefix}/$next/get/accepted")["execution"]["jobId"] == new
    device.publish(f"{prefix}/{old}/update", {"status": "SUCCEEDED"})
    assert device.receive(f"{prefix}/{old}/update/rejected")["code"] == "InvalidStateTransition"


def test_a_thing_that_joins_later_gets_the_groups_deployment(
    cloud: Cloud, greengrass: Any, unique: str, group_arn: str, new_device: NewDevice
) -> None:
    made = greengrass.create_deployment(targetArn=group_arn)
    device = new_device(f"{unique}-late")
    device.subscribe(f"$aws/things/{device.thing}/jobs/notify-next")
    cloud.client("iot", account="preprod").add_thing_to_thing_group(thingGroupName=unique, thingName=device.thing)
    heard = device.receive(f"$aws/things/{device.thing}/jobs/notify-next")
    assert heard["execution"]["jobId"] == made["iotJobId"]


def test_a_things_deployment_comes_by_the_named_shadow_and_ends_completed(
    greengrass: Any, unique: str, new_device: NewDevice
) -> None:
    device = new_device(unique)
    shadow = f"$aws/things/{unique}/shadow/name/AWSManagedGreengrassV2Deployment"
    device.subscribe(f"{shadow}/update/accepted")
    device.publish(f"$aws/things/{unique}/greengrassv2/health/json", fleet_status(unique))
    made = greengrass.create_deployment(targetArn=f"arn:aws:iot:eu-west-1:222222222222:thing/{unique}")
    assert "iotJobId" not in made
    desired = device.receive(f"{shadow}/update/accepted")["state"]["desired"]
    assert desired["desiredStatus"] == "SUCCEEDED"
    arn = json.loads(desired["fleetConfig"])["configurationArn"]
    assert effective(greengrass, unique)["coreDeviceExecutionStatus"] == "QUEUED"
    reported = {"arnForStatus": arn, "status": "SUCCEEDED", "statusDetails": {"detailedStatus": "SUCCESSFUL"}}
    device.publish(f"{shadow}/update", {"state": {"reported": reported}})
    device.receive(f"{shadow}/update/accepted")
    assert effective(greengrass, unique)["coreDeviceExecutionStatus"] == "COMPLETED"
    assert greengrass.get_deployment(deploymentId=made["deploymentId"])["deploymentStatus"] == "COMPLETED"


def fleet_status(thing: str, **more: Any) -> dict[str, Any]:
    return {
        "ggcVersion": "2.14.0",
        "platform": "linux",
        "architecture": "amd64",
        "runtime": "aws_nucleus_classic",
        "thing": thing,
        "overallDeviceStatus": "HEALTHY",
        "sequenceNumber": 1,
        "messageType": "COMPLETE",
        "components": [],
    } | more


def effective(greengrass: Any, thing: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = greengrass.list_effective_deployments(coreDeviceThingName=thing)[
        "effectiveDeployments"
    ]
    assert len(found) == 1
    return found[0]
