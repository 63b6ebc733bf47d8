"""One enforcing cloud for all of these tests, in a process of its own, and clients of its roles."""

import json
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import yaml
from awsiot import mqtt_connection_builder
from botocore.config import Config
from botocore.exceptions import ClientError
from greengrass_emulator.cloud.cloud_state import CloudState, read_state

BUCKET = "example-artifacts"
SECONDS = 60


@dataclass(frozen=True)
class Enforced:
    """The running cloud: its folder, its endpoints, and its roles' credentials."""

    state: Path
    cloud: CloudState
    answer: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The artifact key's ARN."""
        return str(self.answer["key"])

    def client(self, service: str, environment: Mapping[str, str]) -> Any:
        """A client with the credentials that a process would find in its environment."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=self.cloud.region,
            endpoint_url=self.cloud.gateway_url,
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=environment["AWS_SESSION_TOKEN"],
            config=Config(retries={"max_attempts": 1}, signature_version="s3v4" if service == "s3" else None),
        )

    def admin(self, service: str, account: str = "dev") -> Any:
        """A client of an account's administrator."""
        return self.cloud.client(service, account)

    def build(self, service: str) -> Any:
        return self.client(service, self.answer["build"])

    def pipeline(self, service: str) -> Any:
        return self.client(service, self.answer["pipeline"])

    def deploy(self, service: str, account: str = "333333333333", stage: str = "prod") -> Any:
        """A client of a deploy role, assumed as the pipeline does it."""
        answer = self.pipeline("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/MlopsDeployRole",
            RoleSessionName="pipeline",
            ExternalId=f"example-{stage}",
        )
        return self.client(service, _environment(answer["Credentials"]))

    def person(self, stage: str, role: str, trust: Mapping[str, Any], allowed: Mapping[str, Any]) -> dict[str, str]:
        """Return the credentials of a person with a role of their own, outside the shipped policies."""
        iam = self.admin("iam", stage)
        try:
            arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        except iam.exceptions.EntityAlreadyExistsException:  # of another test, for the same person
            arn = iam.get_role(RoleName=role)["Role"]["Arn"]
        iam.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=_policy(allowed))
        answer = self.admin("sts", stage).assume_role(RoleArn=arn, RoleSessionName="ann")
        return _environment(answer["Credentials"])

    def device_request(self, thing: str, method: str, path: str, **headers: str) -> tuple[int, Any]:
        """Send a device's request to its endpoint, with its certificate. Return status and answer."""
        folder = self.state / thing
        config = yaml.safe_load((folder / "config.yaml").read_text())
        nucleus = config["services"]["aws.greengrass.Nucleus"]["configuration"]
        endpoint = urlsplit(nucleus["greengrassDataPlaneEndpoint"])
        context = ssl.create_default_context(cafile=str(folder / "root.ca.pem"))
        context.load_cert_chain(folder / "thing.cert.pem", folder / "thing.key.pem")
        connection = HTTPSConnection("localhost", endpoint.port or 443, context=context, timeout=SECONDS)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def mqtt(self, thing: str, client_id: str, **more: Any) -> Any:
        """A connection to prod's broker with a thing's certificate, not yet connected."""
        folder = self.state / thing
        return mqtt_connection_builder.mtls_from_path(
            endpoint="localhost",
            port=self.cloud.accounts["prod"].broker_port,
            cert_filepath=str(folder / "thing.cert.pem"),
            pri_key_filepath=str(folder / "thing.key.pem"),
            ca_filepath=str(folder / "root.ca.pem"),
            client_id=client_id,
            clean_session=True,
            keep_alive_secs=30,
            **more,
        )

    def device(self, service: str, thing: str = "camera") -> Any:
        """A client with the credentials that a device gets through its role alias."""
        status, answer = self.device_request(thing, "GET", "/role-aliases/GreengrassTokenExchangeAlias/credentials")
        assert status == 200, answer
        given = answer["credentials"]
        return self.client(
            service,
            {
                "AWS_ACCESS_KEY_ID": given["accessKeyId"],
                "AWS_SECRET_ACCESS_KEY": given["secretAccessKey"],
                "AWS_SESSION_TOKEN": given["sessionToken"],
            },
        )

    def operator(self) -> dict[str, str]:
        """The credentials of prod's operator role, assumed by a person who may assume it."""
        account = self.cloud.accounts["prod"].id
        role = f"arn:aws:iam::{account}:role/MlopsOperatorRole"
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
        assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}
        person = self.person("prod", "MlopsOperators", trust, assume)
        answer = self.client("sts", person).assume_role(RoleArn=role, RoleSessionName="ann")
        return _environment(answer["Credentials"])

    @contextmanager
    def without(self, document: str, sid: str) -> Iterator[None]:
        """The accounts with one statement taken out of one document."""
        iam, s3, kms = self.admin("iam", "prod"), self.admin("s3", "dev"), self.admin("kms", "dev")
        match document:
            case "artifact-bucket":
                whole = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])

                def put(text: str) -> None:
                    s3.put_bucket_policy(Bucket=BUCKET, Policy=text)
            case "artifact-key":
                whole = json.loads(kms.get_key_policy(KeyId=self.key, PolicyName="default")["Policy"])

                def put(text: str) -> None:
                    kms.put_key_policy(KeyId=self.key, PolicyName="default", Policy=text)
            case "deploy-role" | "operator-role":
                role = {"deploy-role": "MlopsDeployRole", "operator-role": "MlopsOperatorRole"}[document]
                whole = iam.get_role_policy(RoleName=role, PolicyName=document)["PolicyDocument"]

                def put(text: str) -> None:
                    iam.put_role_policy(RoleName=role, PolicyName=document, PolicyDocument=text)
            case _:
                raise AssertionError(document)
        left = [each for each in whole["Statement"] if each["Sid"] != sid]
        assert len(left) == len(whole["Statement"]) - 1
        put(json.dumps(whole | {"Statement": left}))
        try:
            yield
        finally:
            put(json.dumps(whole))


@pytest.fixture(scope="session")
def enforced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enforced]:
    """The cloud of ``enforced_cloud.py``."""
    state = tmp_path_factory.mktemp("enforced")
    script = Path(__file__).with_name("enforced_cloud.py")
    with (state / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(script), str(state)], stdin=subprocess.PIPE, stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + SECONDS
            while not (state / "enforced.json").exists():
                assert process.poll() is None, (state / "log.txt").read_text()
                assert time.monotonic() < deadline, "the enforcing cloud did not start"
                time.sleep(0.05)
            answer = json.loads((state / "enforced.json").read_text())
            yield Enforced(state, read_state(state / "cloud.json"), answer)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="session")
def artifact(enforced: Enforced) -> str:
    """An artifact in the bucket, put there by the build role. Its key."""
    key = "artifacts/greengrass/com.example.app/1.0.0/app.zip"
    enforced.build("s3").put_object(Bucket=BUCKET, Key=key, Body=b"an application", IfNoneMatch="*")
    return key


@pytest.fixture
def refused() -> Callable[[Callable[[], object]], str]:
    """Run a call that must be denied. Return the denial's message."""

    def run(ask: Callable[[], object]) -> str:
        with pytest.raises(ClientError) as denied:
            ask()
        error = denied.value.response["Error"]
        assert error["Code"] in {"AccessDenied", "AccessDeniedException", "ForbiddenException", "403"}, error
        return error["Message"]

    return run


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _environment(credentials: Mapping[str, Any]) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }
