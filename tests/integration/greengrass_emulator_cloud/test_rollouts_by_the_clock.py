"""Rollout rates, abort criteria, time-outs and leaving a group, as ``iot:DescribeJob`` and the device see them."""

from collections.abc import Callable
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.errors import WrongUse

ACCOUNT = "preprod"


@pytest.fixture
def members(cloud: Cloud, unique: str, group_arn: str) -> list[str]:
    """Four things of the group, which never connect."""
    iot = cloud.client("iot", account=ACCOUNT)
    names = [f"{unique}-{number}" for number in range(4)]
    for name in names:
        iot.create_thing(thingName=name)
        iot.add_thing_to_thing_group(thingGroupName=unique, thingName=name)
    return names


@pytest.fixture
def counters(cloud: Cloud) -> Callable[[dict[str, Any]], dict[str, int]]:
    """A job's counters that are not 0, without ``numberOf`` and ``Things``."""

    def read(made: dict[str, Any]) -> dict[str, int]:
        job = cloud.client("iot", account=ACCOUNT).describe_job(jobId=made["iotJobId"])["job"]
        details = job["jobProcessDetails"]
        return {name[8:-6]: number for name, number in details.items() if name.startswith("numberOf") and number}

    return read


def say(cloud: Cloud, device: Any, made: dict[str, Any], status: str) -> None:
    topic = f"$aws/things/{device.thing}/jobs/{made['iotJobId']}/update"
    device.subscribe(f"{topic}/+")
    device.publish(topic, {"status": status})
    device.receive(f"{topic}/accepted")


@pytest.mark.usefixtures("members")
def test_a_constant_rate_notifies_so_many_things_a_minute(
    cloud: Cloud, greengrass: Any, group_arn: str, counters: Callable[..., Any]
) -> None:
    made = greengrass.create_deployment(
        targetArn=group_arn, iotJobConfiguration={"jobExecutionsRolloutConfig": {"maximumPerMinute": 1}}
    )
    seen = [counters(made)]
    for seconds in (50, 15, 120):
        cloud.turn_clock(seconds)
        seen.append(counters(made))
    assert seen == [{"Queued": 1}, {"Queued": 1}, {"Queued": 2}, {"Queued": 4}]
    job = cloud.client("iot", account=ACCOUNT).describe_job(jobId=made["iotJobId"])["job"]
    assert job["status"] == "IN_PROGRESS"


def test_an_exponential_rate_grows_and_a_newer_deployment_ends_what_is_left(
    cloud: Cloud, greengrass: Any, group_arn: str, members: list[str], counters: Callable[..., Any]
) -> None:
    rate = {"baseRatePerMinute": 1, "incrementFactor": 2.0, "rateIncreaseCriteria": {"numberOfNotifiedThings": 1}}
    configuration = {"jobExecutionsRolloutConfig": {"exponentialRate": rate}}
    made = greengrass.create_deployment(targetArn=group_arn, iotJobConfiguration=configuration)
    assert counters(made) == {"Queued": 1}
    cloud.turn_clock(61)
    assert counters(made) == {"Queued": 3}
    greengrass.create_deployment(targetArn=group_arn)
    cloud.turn_clock(600)
    assert counters(made) == {"Canceled": 3}, "the fourth thing is never given it"


def test_enough_failures_abort_the_job_and_running_executions_continue(
    cloud: Cloud,
    greengrass: Any,
    unique: str,
    group_arn: str,
    members: list[str],
    new_device: Callable[..., Any],
    counters: Callable[..., Any],
) -> None:
    criterion = {"failureType": "FAILED", "action": "CANCEL", "thresholdPercentage": 20, "minNumberOfExecutedThings": 5}
    working = new_device(f"{unique}-working", groups=(unique,))
    made = greengrass.create_deployment(
        targetArn=group_arn, iotJobConfiguration={"abortConfig": {"criteriaList": [criterion]}}
    )
    say(cloud, working, made, "IN_PROGRESS")
    failing = new_device(f"{unique}-failing", groups=(unique,))
    say(cloud, failing, made, "FAILED")
    assert greengrass.get_deployment(deploymentId=made["deploymentId"])["deploymentStatus"] == "ACTIVE", "1 of 6"
    second = new_device(f"{unique}-second", groups=(unique,))
    say(cloud, second, made, "FAILED")
    assert greengrass.get_deployment(deploymentId=made["deploymentId"])["deploymentStatus"] == "CANCELED"
    assert counters(made) == {"Failed": 2, "InProgress": 1, "Canceled": 4}
    assert cloud.client("iot", account=ACCOUNT).describe_job(jobId=made["iotJobId"])["job"]["status"] == "CANCELED"
    say(cloud, working, made, "SUCCEEDED")
    assert counters(made) == {"Failed": 2, "Succeeded": 1, "Canceled": 4}
    late = new_device(f"{unique}-late", groups=(unique,))
    assert counters(made) == {"Failed": 2, "Succeeded": 1, "Canceled": 4}, f"{late.thing} joined after the end"


def test_a_thing_that_takes_too_long_times_out_and_its_report_is_rejected(
    cloud: Cloud, greengrass: Any, unique: str, group_arn: str, new_device: Callable[..., Any], counters: Any
) -> None:
    device = new_device(f"{unique}-slow", groups=(unique,))
    device.publish(f"$aws/things/{device.thing}/greengrassv2/health/json", {"ggcVersion": "2.14.0", "components": []})
    made = greengrass.create_deployment(
        targetArn=group_arn, iotJobConfiguration={"timeoutConfig": {"inProgressTimeoutInMinutes": 10}}
    )
    cloud.turn_clock(3600)
    assert counters(made) == {"Queued": 1}, "the time runs from the report that it is in progress"
    say(cloud, device, made, "IN_PROGRESS")
    cloud.turn_clock(590)
    assert counters(made) == {"InProgress": 1}
    cloud.turn_clock(15)
    assert counters(made) == {"TimedOut": 1}
    effective = greengrass.list_effective_deployments(coreDeviceThingName=device.thing)["effectiveDeployments"]
    assert [e["coreDeviceExecutionStatus"] for e in effective] == ["TIMED_OUT"]
    topic = f"$aws/things/{device.thing}/jobs/{made['iotJobId']}/update"
    device.publish(topic, {"status": "SUCCEEDED"})
    assert device.receive(f"{topic}/rejected")["code"] == "InvalidStateTransition"


def test_a_thing_that_leaves_its_group_loses_the_job_and_gets_it_again_when_it_is_back(
    cloud: Cloud, greengrass: Any, unique: str, group_arn: str, members: list[str], counters: Callable[..., Any]
) -> None:
    iot = cloud.client("iot", account=ACCOUNT)
    made = greengrass.create_deployment(targetArn=group_arn)
    iot.remove_thing_from_thing_group(thingGroupName=unique, thingName=members[0])
    assert counters(made) == {"Queued": 3, "Removed": 1}
    iot.delete_thing(thingName=members[1])
    assert counters(made) == {"Queued": 2, "Removed": 2}
    iot.add_thing_to_thing_group(thingGroupName=unique, thingName=members[0])
    assert counters(made) == {"Queued": 3, "Removed": 1}


@pytest.mark.parametrize(
    ("configuration", "field"),
    [
        ({"timeoutConfig": {"inProgressTimeoutInMinutes": 10081}}, "inProgressTimeoutInMinutes"),
        ({"timeoutConfig": {"inProgressTimeoutInMinutes": 0}}, "inProgressTimeoutInMinutes"),
        ({"jobExecutionsRolloutConfig": {"maximumPerMinute": 1001}}, "maximumPerMinute"),
        (
            {
                "jobExecutionsRolloutConfig": {
                    "exponentialRate": {
                        "baseRatePerMinute": 1,
                        "incrementFactor": 1.55,
                        "rateIncreaseCriteria": {"numberOfNotifiedThings": 1},
                    }
                }
            },
            "incrementFactor",
        ),
        (
            {
                "abortConfig": {
                    "criteriaList": [
                        {
                            "failureType": "ALL",
                            "action": "CANCEL",
                            "thresholdPercentage": 10.999,
                            "minNumberOfExecutedThings": 1,
                        }
                    ]
                }
            },
            "thresholdPercentage",
        ),
    ],
)
def test_an_invalid_job_configuration_names_its_field(
    greengrass: Any, group_arn: str, configuration: dict[str, Any], field: str
) -> None:
    with pytest.raises(greengrass.exceptions.ValidationException) as refused:
        greengrass.create_deployment(targetArn=group_arn, iotJobConfiguration=configuration)
    assert [each["name"].rpartition(".")[2] for each in refused.value.response["fields"]] == [field]


def test_the_clock_goes_forward_only(cloud: Cloud) -> None:
    with pytest.raises(WrongUse, match="forward only"):
        cloud.turn_clock(-1)
