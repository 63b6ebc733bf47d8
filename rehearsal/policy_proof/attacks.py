"""Attempts with stolen credentials, made against the running accounts; each must be denied.

Every attempt is recorded like any call; those that a Deny statement refuses show what the statement is for.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from greengrass_emulator.cloud.cloud import Cloud

from rehearsal.policy_proof.installing import MODEL_BUCKET, assumed, role_arn

THIEF = "thief"
"""The session name of every attempt."""
_VICTIM = "prod"
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "ForbiddenException", "UnauthorizedException", "403"})
_RECIPE = {
    "RecipeFormatVersion": "2020-01-25",
    "ComponentName": "com.example.stolen",
    "ComponentVersion": "1.0.0",
    "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "exit 0"}, "Artifacts": []}],
}


@dataclass(frozen=True, slots=True)
class Attack:
    """One attempt and how it ended: ``answer`` is AWS's code, or ``it was allowed``."""

    thief: str
    attempt: str
    denied: bool
    answer: str


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of the attempts."""

    bucket: str
    artifact: str
    model: str
    thing: str
    target_arn: str
    external_id: str


class Attacks:
    """The attempts against a running cloud."""

    def __init__(self, cloud: Cloud, targets: Targets) -> None:
        self._cloud = cloud
        self._targets = targets
        self._other_key = str(cloud.client("kms").create_key(Description="another")["KeyMetadata"]["Arn"])
        blob = cloud.client("kms").encrypt(KeyId=self._other_key, Plaintext=b"secret")["CiphertextBlob"]
        self._ciphertext = bytes(blob)
        self._other_group = cloud.client("iot", account=_VICTIM).create_thing_group(thingGroupName="not-ours")

    def made(self) -> Iterator[Attack]:
        """Make each attempt, and return how each ended."""
        for thief, attempt, call in (
            *self._of_a_device(),
            *self._of_the_deploy_role(),
            *self._in_dev(),
            *self._trust(),
        ):
            yield _tried(thief, attempt, call)

    def _of_a_device(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        targets, thief = self._targets, "a device's credentials"
        greengrass, s3 = self._as_device("greengrassv2"), self._as_device("s3")
        data = self._as_device("iot-data")
        yield (
            thief,
            "deploy to the fleet",
            lambda: greengrass.create_deployment(targetArn=targets.target_arn, components={}),
        )
        yield (
            thief,
            "publish a component",
            lambda: greengrass.create_component_version(inlineRecipe=json.dumps(_RECIPE).encode()),
        )
        yield (
            thief,
            "write to the artifact bucket",
            lambda: s3.put_object(Bucket=targets.bucket, Key=f"{targets.artifact}.new", Body=b"", IfNoneMatch="*"),
        )
        yield thief, "replace the bucket's policy", lambda: s3.put_bucket_policy(Bucket=targets.bucket, Policy="{}")
        yield (
            thief,
            "read outside the prefix of artifacts",
            lambda: s3.get_object(Bucket=targets.bucket, Key="elsewhere/component.zip"),
        )
        yield (
            thief,
            "decrypt with another key",
            lambda: self._as_device("kms").decrypt(KeyId=self._other_key, CiphertextBlob=self._ciphertext),
        )
        yield (
            thief,
            "publish as another thing",
            lambda: data.publish(topic=f"dt/digits-demo/{targets.thing}/health", payload=b"{}"),
        )
        yield (
            thief,
            "read another thing's shadow",
            lambda: data.get_thing_shadow(thingName=targets.thing, shadowName="mlops"),
        )

    def _of_the_deploy_role(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        thief = "the deploy role"
        greengrass = self._as_role("greengrassv2", "deploy-role", _VICTIM)
        group = self._other_group["thingGroupArn"]
        thing = self._targets.target_arn.partition(":thinggroup/")[0] + f":thing/{self._targets.thing}"
        yield (
            thief,
            "deploy to a thing group that is not ours",
            lambda: greengrass.create_deployment(targetArn=group, components={}),
        )
        yield (
            thief,
            "deploy to a single device, past the thing group",
            lambda: greengrass.create_deployment(targetArn=thing, components={}),
        )
        yield thief, "touch IAM", lambda: self._as_role("iam", "deploy-role", _VICTIM).list_users()
        yield (
            thief,
            "read model data",
            lambda: self._as_role("s3", "deploy-role", _VICTIM).get_object(
                Bucket=MODEL_BUCKET, Key=self._targets.model
            ),
        )

    def _in_dev(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        targets = self._targets
        s3 = self._as_role("s3", "build-role", "dev")
        yield (
            "the build role",
            "overwrite an artifact",
            lambda: s3.put_object(Bucket=targets.bucket, Key=targets.artifact, Body=b"other bytes"),
        )
        yield (
            "the build role",
            "deploy",
            lambda: self._as_role("greengrassv2", "build-role", "dev").create_deployment(
                targetArn=targets.target_arn, components={}
            ),
        )
        administrator, plain = self._cloud.client("s3"), self._cloud.client("s3")
        plain.meta.events.register("before-sign.s3.*", _without_tls)
        yield (
            "dev's administrator",
            "write under another key",
            lambda: administrator.put_object(
                Bucket=targets.bucket,
                Key=f"{targets.artifact}.other-key",
                Body=b"",
                IfNoneMatch="*",
                ServerSideEncryption="aws:kms",
                SSEKMSKeyId=self._other_key,
            ),
        )
        yield (
            "dev's administrator",
            "delete an artifact",
            lambda: administrator.delete_object(Bucket=targets.bucket, Key=targets.artifact),
        )
        yield "dev's administrator", "list the bucket without TLS", lambda: plain.list_objects_v2(Bucket=targets.bucket)

    def _trust(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        role = role_arn(self._cloud, "deploy-role", _VICTIM)
        given = {"RoleArn": role, "RoleSessionName": THIEF}
        external_id = self._targets.external_id
        yield (
            "the pipeline role",
            "assume a deploy role without the external id",
            lambda: self._as_role("sts", "pipeline-role", "dev").assume_role(**given),
        )
        yield (
            "an administrator of another account",
            "assume a deploy role with the external id",
            lambda: self._cloud.client("sts", account="preprod").assume_role(**given, ExternalId=external_id),
        )
        yield (
            "dev's administrator",
            "assume a deploy role with the external id",
            lambda: self._cloud.client("sts").assume_role(**given, ExternalId=external_id),
        )
        yield (
            "another stage's deploy role",
            "read the artifacts' bucket policy",
            lambda: self._as_role("s3", "deploy-role", "preprod").get_bucket_policy(Bucket=self._targets.bucket),
        )

    def _as_device(self, service: str) -> Any:
        return self._as_role(service, "token-exchange-role", _VICTIM)

    def _as_role(self, service: str, role: str, account: str) -> Any:
        return assumed(self._cloud, role, account, service, session=THIEF)


def _tried(thief: str, attempt: str, call: Callable[[], object]) -> Attack:
    try:
        call()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        return Attack(thief, attempt, code in _DENIED, code)
    return Attack(thief, attempt, denied=False, answer="it was allowed")


def _without_tls(request: Any, **_: object) -> None:
    request.headers.add_header("X-Emulated-Transport", "plain")
