"""Faults, ordered by tests and by ``greengrass-emulator fault``, as clients and devices meet them."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
from botocore.session import Session
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.faults.faults import Faults
from greengrass_emulator.cloud.provisioning import provision_device
from greengrass_emulator.cloud.seeding import SeededCloud
from greengrass_emulator.errors import WrongUse

# A nucleus checks no checksum of S3's own either, but the recipe's digest.
ONCE = Config(
    retries={"total_max_attempts": 1, "mode": "standard"},
    connect_timeout=5,
    read_timeout=10,
    response_checksum_validation="when_required",
)


@pytest.fixture
def faults(cloud: Cloud) -> Iterator[Faults]:
    with cloud.faults as faults:
        yield faults


@pytest.fixture
def client_once(cloud: Cloud) -> Callable[..., Any]:
    """A client of preprod without retries, which would hide the faults."""

    def make(service: str, **credentials: str) -> Any:
        key = cloud.endpoints("preprod").key
        mine = {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret_access_key}
        return Session().create_client(
            service, region_name=cloud.region, endpoint_url=cloud.endpoint_url, config=ONCE, **(mine | credentials)
        )

    return make


@pytest.mark.parametrize(
    ("service", "operation", "call", "code", "status"),
    [
        ("greengrassv2", "ListDeployments", "list_deployments", "ThrottlingException", 429),
        ("s3", "ListBuckets", "list_buckets", "SlowDown", 503),
        ("sts", "GetCallerIdentity", "get_caller_identity", "Throttling", 400),
        ("sagemaker", "ListModelPackageGroups", "list_model_package_groups", "ThrottlingException", 400),
        ("iot", "ListThings", "list_things", "ThrottlingException", 429),
    ],
)
def test_the_ordered_calls_are_throttled_with_their_services_error(
    faults: Faults,
    client_once: Callable[..., Any],
    service: str,
    operation: str,
    call: str,
    code: str,
    status: int,
) -> None:
    faults.throttle(f"{service}:{operation}", times=2)
    client = client_once(service)
    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            getattr(client, call)()
        assert refused.value.response["Error"]["Code"] == code
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    getattr(client, call)()


def test_a_client_that_retries_does_not_notice_one_throttled_call(faults: Faults, greengrass: Any) -> None:
    faults.throttle("greengrassv2:*")
    assert greengrass.list_deployments()["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_fault_of_one_account_leaves_the_others_alone(cloud: Cloud, faults: Faults) -> None:
    faults.throttle("greengrassv2:ListDeployments", account="prod")
    assert cloud.client("greengrassv2", account="preprod").list_deployments()["ResponseMetadata"]["RetryAttempts"] == 0
    assert cloud.client("greengrassv2", account="prod").list_deployments()["ResponseMetadata"]["RetryAttempts"] == 1


def test_an_answer_is_lost_after_the_work_was_done(
    faults: Faults, client_once: Callable[..., Any], group_arn: str
) -> None:
    faults.lose_answer("greengrassv2:CreateDeployment")
    greengrass = client_once("greengrassv2")
    with pytest.raises((ConnectionError, HTTPClientError)):
        greengrass.create_deployment(targetArn=group_arn, clientToken="lost")
    done = greengrass.list_deployments(targetArn=group_arn)["deployments"]
    assert len(done) == 1
    again = greengrass.create_deployment(targetArn=group_arn, clientToken="lost")
    assert again["deploymentId"] == done[0]["deploymentId"], "the client token tells that it is the same request"


def test_a_call_is_delayed(faults: Faults, client_once: Callable[..., Any]) -> None:
    faults.delay("greengrassv2:ListDeployments", seconds=0.4)
    began = time.monotonic()
    client_once("greengrassv2").list_deployments()
    assert time.monotonic() - began >= 0.4


def test_sessions_expire_and_new_ones_do_not(
    cloud: Cloud, seeded_cloud: SeededCloud, faults: Faults, client_once: Callable[..., Any]
) -> None:
    def assume() -> dict[str, str]:
        role, external_id = seeded_cloud.deploy_role_arns["preprod"], seeded_cloud.external_id
        given = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="session", ExternalId=external_id)
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        wanted = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        return {mine: given["Credentials"][name] for mine, name in zip(wanted, names, strict=True)}

    old = client_once("greengrassv2", **assume())
    old.list_deployments()
    faults.expire_sessions(account="preprod")
    with pytest.raises(ClientError) as refused:
        old.list_deployments()
    assert refused.value.response["Error"]["Code"] == "ExpiredTokenException"
    client_once("greengrassv2", **assume()).list_deployments()


def test_s3_is_unreachable_until_it_is_brought_back(
    faults: Faults, client_once: Callable[..., Any], bucket: str
) -> None:
    s3 = client_once("s3")
    faults.take_away("s3")
    with pytest.raises((ConnectionError, HTTPClientError)):
        s3.head_bucket(Bucket=bucket)
    client_once("greengrassv2").list_deployments()
    faults.bring_back("s3")
    s3.head_bucket(Bucket=bucket)


def test_an_artifact_is_corrupted_in_the_download_and_not_in_the_bucket(
    faults: Faults, client_once: Callable[..., Any], bucket: str
) -> None:
    s3 = client_once("s3")
    s3.put_object(Bucket=bucket, Key="models/a.zip", Body=b"0123456789")
    faults.corrupt("models/*.zip")
    first, second = (s3.get_object(Bucket=bucket, Key="models/a.zip")["Body"].read() for _ in range(2))
    assert len(first) == 10
    assert sum(a != b for a, b in zip(first, b"0123456789", strict=True)) == 1
    assert second == b"0123456789"


def test_devices_reconnect_when_their_broker_is_back(
    cloud: Cloud, faults: Faults, unique: str, new_device: Callable[..., Any]
) -> None:
    device, elsewhere = new_device(unique), new_device(f"{unique}-prod", account="prod")
    faults.take_away("broker", account="preprod")
    device.interrupted.get(timeout=30)
    with pytest.raises(Exception, match="AWS_"):
        new_device(f"{unique}-late")
    assert elsewhere.interrupted.empty()
    faults.bring_back("broker", account="preprod")
    device.resumed.get(timeout=30)
    topic = f"$aws/things/{unique}/shadow/get"
    device.subscribe(f"{topic}/rejected")
    device.publish(topic, {})
    assert device.receive(f"{topic}/rejected")["code"] == 404


def test_a_device_is_cut_off_from_everything_and_others_are_not(
    cloud: Cloud, faults: Faults, unique: str, new_device: Callable[..., Any], tmp_path: Path
) -> None:
    away, near = new_device(f"{unique}-a"), new_device(f"{unique}-b")
    faults.cut_off(away.thing, account="preprod")
    away.interrupted.get(timeout=30)
    assert near.interrupted.empty()

    def credentials(thing: str) -> int:
        folder = tmp_path / thing
        with urllib3.PoolManager(
            cert_file=str(folder / "thing.cert.pem"),
            key_file=str(folder / "thing.key.pem"),
            ca_certs=str(folder / "root.ca.pem"),
        ) as pool:
            port = cloud.endpoints("preprod").device_endpoint_port
            url = f"https://localhost:{port}/role-aliases/GreengrassTokenExchangeAlias/credentials"
            return pool.request("GET", url, headers={"x-amzn-iot-thingname": thing}, retries=False, timeout=10).status

    with pytest.raises(urllib3.exceptions.HTTPError):
        credentials(away.thing)
    assert credentials(near.thing) == 200
    faults.join(away.thing, account="preprod")
    away.resumed.get(timeout=30)
    assert credentials(away.thing) == 200


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"kind": "throttle", "operation": "greengrassv2:Nonsense"}, "is not an operation here"),
        ({"kind": "throttle", "operation": "s3:GetObject", "times": 0}, "times"),
        ({"kind": "throttle", "operation": "s3:GetObject", "account": "nowhere"}, "There is no account 'nowhere'"),
        ({"kind": "take-away", "service": "s3", "account": "prod"}, "S3 is one for all accounts"),
        ({"kind": "earthquake"}, "earthquake"),
        ("no order", "cannot be ordered"),
    ],
)
def test_an_invalid_fault_is_refused(faults: Faults, order: object, message: str) -> None:
    with pytest.raises(WrongUse, match=message):
        faults.order(order)


def fault(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "greengrass_emulator.cli.main", "fault", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_faults_are_ordered_from_a_shell(cloud: Cloud, faults: Faults, client_once: Callable[..., Any]) -> None:
    state = ["--state", str(cloud.state_path.parent)]
    done = fault("throttle", "greengrassv2:ListComponents", *state)
    assert (done.returncode, done.stderr) == (0, "")
    with pytest.raises(ClientError, match="ThrottlingException"):
        client_once("greengrassv2").list_components()
    refused = fault("throttle", "greengrassv2:Nonsense", *state)
    assert refused.returncode == 2
    assert "write one as greengrassv2:CreateDeployment" in refused.stderr


def test_a_fault_is_ordered_only_with_the_token(cloud: Cloud) -> None:
    answer = urllib3.request("POST", f"{cloud.endpoint_url}/emulator/faults", json={"kind": "clear"}, retries=False)
    assert answer.status == 403


def test_a_fault_without_a_cloud_or_a_nucleus_says_what_to_do(tmp_path: Path) -> None:
    missing = fault("clear", "--state", str(tmp_path))
    assert missing.returncode == 2
    assert "start `greengrass-emulator up` first" in missing.stderr
    nobody = fault("kill-nucleus", "--root", str(tmp_path))
    assert nobody.returncode == 1
    assert "no nucleus runs here" in nobody.stderr


def test_a_provisioned_device_that_was_cut_off_is_let_in_after_the_block(
    cloud: Cloud, unique: str, tmp_path: Path, device_at: Callable[..., Any]
) -> None:
    folder = provision_device(cloud, tmp_path, account="preprod", thing=unique)
    with cloud.faults as faults:
        faults.cut_off(unique, account="preprod")
        with pytest.raises(Exception, match="AWS_"):
            device_at(folder, "preprod").connect()
    device = device_at(folder, "preprod")
    device.connect()
    device.disconnect()
