"""Deployments from the cloud, of a thing group and of a thing: what they bring, and how they end."""

from collections.abc import Callable

from greengrass_emulator.cloud.seeding import create_thing_group

from .cloud_site import ACCOUNT, Site


def test_a_groups_deployment_brings_files_configuration_and_a_process(site: Site) -> None:
    uri = site.upload("model.zip", {"model.txt": "the first"})
    site.publish(site.a, artifacts=(uri,), configuration={"n": 1})
    site.publish(site.b, dependencies={site.a: {"VersionRequirement": "^1.0.0", "DependencyType": "SOFT"}})
    ended = site.deploy(b="1.0.0", merge={"b": {"m": 2}})
    assert ended["coreDeviceExecutionStatus"] == "SUCCEEDED"
    unpacked = site.device.root / "packages/artifacts-unarchived" / site.a / "1.0.0/model/model.txt"
    assert unpacked.read_text() == "the first"
    assert site.device.speak_as(site.b).get_configuration().value == {"m": 2}
    assert site.installed() == {site.a: ("1.0.0", "RUNNING"), site.b: ("1.0.0", "RUNNING")}
    core = site.greengrass.get_core_device(coreDeviceThingName=site.thing)
    assert (core["status"], core["runtime"]) == ("HEALTHY", f"aws_nucleus_{site.device.runtime}")
    # What the next deployment leaves out is removed.
    site.publish(site.a, "1.1.0", configuration={"n": 1})
    assert site.deploy(a="1.1.0")["coreDeviceExecutionStatus"] == "SUCCEEDED"
    site.wait(lambda: set(site.device.status().components) == {site.a})
    assert site.installed() == {site.a: ("1.1.0", "RUNNING")}


def test_a_failed_deployment_says_why_on_classic_and_rolls_back(site: Site) -> None:
    site.publish(site.a, configuration={"n": 1})
    site.publish(site.a, "2.0.0", run="exit 9")
    site.deploy(a="1.0.0")
    ended = site.deploy(a="2.0.0")
    assert ended["coreDeviceExecutionStatus"] == "FAILED"
    if site.device.runtime == "classic":
        assert ended["reason"].startswith("FAILED_ROLLBACK_COMPLETE")
        assert ended["statusDetails"]["errorStack"] == [
            "DEPLOYMENT_FAILURE",
            "COMPONENT_UPDATE_ERROR",
            "COMPONENT_BROKEN",
        ]
        assert site.installed() == {site.a: ("1.0.0", "RUNNING")}
    else:
        assert "reason" not in ended
        assert site.installed() == {site.a: ("2.0.0", "BROKEN")}
        assert site.greengrass.get_core_device(coreDeviceThingName=site.thing)["status"] == "UNHEALTHY"


def test_a_things_own_deployment_comes_by_its_shadow(make_site: Callable[[str], Site]) -> None:
    site = make_site("classic")
    site.publish(site.a)
    thing_arn = site.cloud.client("iot", account=ACCOUNT).describe_thing(thingName=site.thing)["thingArn"]
    ended = site.deploy(thing_arn, a="1.0.0")
    assert ended["coreDeviceExecutionStatus"] == "COMPLETED"
    # A device intersects the exact versions that all its targets name.
    site.publish(site.a, "2.0.0")
    ended = site.deploy(a="2.0.0")
    assert ended["coreDeviceExecutionStatus"] == "FAILED"
    assert "COMPONENT_VERSION_REQUIREMENTS_NOT_MET" in ended["statusDetails"]["errorStack"]
    assert site.installed() == {site.a: ("1.0.0", "RUNNING")}


def test_files_that_are_wrong_or_gone_fail_the_deployment(make_site: Callable[[str], Site]) -> None:
    site = make_site("classic")
    uri = site.upload("wrong.zip", {"x": "as published"})
    site.publish(site.a, artifacts=(uri,))
    site.upload("wrong.zip", {"x": "changed afterwards"})
    ended = site.deploy(a="1.0.0")
    assert ended["statusDetails"]["errorStack"][-1] == "ARTIFACT_CHECKSUM_MISMATCH"
    assert site.device.log().count("an artifact's digest is wrong") == 10
    uri = site.upload("gone.zip", {"x": "y"})
    site.publish(site.b, artifacts=(uri,))
    site.cloud.client("s3", account="dev").delete_object(Bucket=site.bucket, Key=uri.partition(f"{site.bucket}/")[2])
    ended = site.deploy(b="1.0.0")
    assert ended["statusDetails"]["errorStack"][-1] == "S3_HEAD_OBJECT_RESOURCE_NOT_FOUND"
    assert site.installed() == {}


def test_a_device_that_left_a_group_forgets_its_components(make_site: Callable[[str], Site]) -> None:
    site = make_site("classic")
    site.publish(site.a)
    site.publish(site.b)
    site.deploy(a="1.0.0")
    iot = site.cloud.client("iot", account=ACCOUNT)
    other_arn = create_thing_group(site.cloud, f"{site.group}-next", account=ACCOUNT)
    iot.remove_thing_from_thing_group(thingGroupName=site.group, thingName=site.thing)
    iot.add_thing_to_thing_group(thingGroupName=f"{site.group}-next", thingName=site.thing)
    assert site.deploy(other_arn, b="1.0.0")["coreDeviceExecutionStatus"] == "SUCCEEDED"
    site.wait(lambda: set(site.device.status().components) == {site.b})
