"""Each role can do its work with boto3 under its own policy."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

BUCKET = "example-artifacts"
PROD = "333333333333"
GROUP = f"arn:aws:iot:eu-west-1:{PROD}:thinggroup/fleet"
Refused = Callable[[Callable[[], object]], str]


def recipe(name: str, uri: str) -> bytes:
    document = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentVersion": "1.0.0",
        "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "exit 0"}, "Artifacts": [{"Uri": uri}]}],
    }
    return json.dumps(document).encode()


def settled(client: Any, arn: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status: dict[str, Any] = client.describe_component(arn=arn)["status"]
        if status["componentState"] in {"DEPLOYABLE", "FAILED"}:
            return status
        time.sleep(0.05)
    raise AssertionError("the component version did not settle")


def test_the_build_role_reads_the_registry_and_writes_artifacts_once(enforced: Any, artifact: str) -> None:
    packages = enforced.build("sagemaker").list_model_packages(ModelPackageGroupName="digits")
    arn = packages["ModelPackageSummaryList"][0]["ModelPackageArn"]
    assert enforced.build("sagemaker").describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "Approved"
    s3 = enforced.build("s3")
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="artifacts/greengrass/")
    assert artifact in {each["Key"] for each in listed["Contents"]}
    assert s3.get_object(Bucket=BUCKET, Key=artifact)["Body"].read() == b"an application"


def test_a_multipart_upload_of_the_build_role_goes_through(enforced: Any) -> None:
    where = {"Bucket": BUCKET, "Key": "artifacts/greengrass/com.example.app/1.0.0/parts.zip"}
    s3 = enforced.build("s3")
    upload = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"part")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**upload, MultipartUpload=parts, IfNoneMatch="*")
    assert s3.get_object(**where)["Body"].read() == b"part"


def test_the_deploy_role_publishes_from_the_dev_bucket_and_deploys_to_its_group(enforced: Any, artifact: str) -> None:
    client = enforced.deploy("greengrassv2")
    made = client.create_component_version(
        inlineRecipe=recipe("com.example.app", f"s3://{BUCKET}/{artifact}"), tags={"mlops:content-digest": "x"}
    )
    assert settled(client, made["arn"])["componentState"] == "DEPLOYABLE"
    deployment = client.create_deployment(
        targetArn=GROUP, components={"com.example.app": {"componentVersion": "1.0.0"}}, tags={"mlops:release": "1"}
    )
    assert client.get_deployment(deploymentId=deployment["deploymentId"])["targetArn"] == GROUP
    assert enforced.deploy("iot").describe_job(jobId=deployment["iotJobId"])["job"]["status"] == "IN_PROGRESS"
    arn = f"arn:aws:greengrass:eu-west-1:{PROD}:deployments:{deployment['deploymentId']}"
    client.tag_resource(resourceArn=arn, tags={"mlops:outcome": "confirmed"})


def test_an_artifact_that_the_deploy_role_may_not_read_makes_the_version_fail(enforced: Any) -> None:
    client = enforced.deploy("greengrassv2")
    uri = f"s3://{BUCKET}/reports/secret.txt"
    made = client.create_component_version(inlineRecipe=recipe("com.example.curious", uri))
    status = settled(client, made["arn"])
    assert status["componentState"] == "FAILED"
    assert uri in json.dumps(status["errors"])


def test_a_device_reads_its_artifacts_with_the_nucleuss_three_calls(enforced: Any, artifact: str) -> None:
    s3 = enforced.device("s3")
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == "eu-west-1"
    assert s3.head_object(Bucket=BUCKET, Key=artifact)["ContentLength"] == 14
    assert s3.get_object(Bucket=BUCKET, Key=artifact, Range="bytes=3-5")["Body"].read() == b"app"


def test_a_device_asks_for_its_groups_and_its_components(enforced: Any) -> None:
    status, answer = enforced.device_request("camera", "GET", "/greengrass/v2/coreDevices/camera/thingGroups")
    assert status == 200
    assert [group["thingGroupName"] for group in answer["thingGroups"]] == ["fleet"]


def test_the_operators_role_reads_what_status_shows_and_changes_nothing(enforced: Any, refused: Refused) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PROD}:root"}, "Action": "sts:AssumeRole"}
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{PROD}:role/MlopsOperatorRole"}
    visitor = enforced.person("prod", "Visitors", trust, assume)
    status = {"RoleArn": assume["Resource"], "RoleSessionName": "ann"}
    assert "sts:AssumeRole" in refused(lambda: enforced.client("sts", visitor).assume_role(**status))
    assert "sts:AssumeRole" in refused(lambda: enforced.admin("sts", "prod").assume_role(**status))
    operator = enforced.operator()
    greengrass = enforced.client("greengrassv2", operator)
    assert "coreDevices" in greengrass.list_core_devices(thingGroupArn=GROUP)
    assert "deployments" in greengrass.list_deployments(targetArn=GROUP)
    assert enforced.client("iot", operator).describe_thing_group(thingGroupName="fleet")["thingGroupArn"] == GROUP
    iot = enforced.client("iot", operator)
    with pytest.raises(iot.exceptions.ResourceNotFoundException):  # it may search; there is no index
        iot.search_index(queryString="thingGroupNames:fleet")
    assert "iot:SearchIndex" in refused(lambda: iot.search_index(indexName="AWS_ThingGroups", queryString="*"))
    assert "iot:UpdateIndexingConfiguration" in refused(iot.update_indexing_configuration)
    assert "greengrass:CreateDeployment" in refused(lambda: greengrass.create_deployment(targetArn=GROUP))
    assert "iot:UpdateThingShadow" in refused(
        lambda: enforced.client("iot-data", operator).update_thing_shadow(thingName="camera", payload=b"{}")
    )
    assert "s3:GetObject" in refused(lambda: enforced.client("s3", operator).get_object(Bucket=BUCKET, Key="reports/x"))


@pytest.mark.parametrize("role", ["build", "device"])
def test_who_may_not_list_does_not_learn_that_an_object_is_absent(enforced: Any, refused: Refused, role: str) -> None:
    s3 = getattr(enforced, role)("s3")
    key = "artifacts/greengrass/com.example.app/9.9.9/app.zip"
    assert "s3:ListBucket" in refused(lambda: s3.get_object(Bucket=BUCKET, Key=key))
    admin = enforced.admin("s3")
    with pytest.raises(admin.exceptions.NoSuchKey):
        admin.get_object(Bucket=BUCKET, Key=key)
