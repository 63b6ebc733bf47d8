"""What the accounts know and a request does not contain, from moto's memory: ``Lookups``, and a key's principal."""

from collections.abc import Callable, Sequence

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.sts.models import sts_backends

from greengrass_emulator.iam.actions.resources import Encryption
from greengrass_emulator.iam.requests import Principal, PrincipalKind
from greengrass_emulator.json_value import JsonObject, object_in

_KEY_ID_BYTES = 36
_PARTITION = "aws"
DeploymentTarget = Callable[[str, str], str | None]
"""The ARN of a deployment's target, by account and deployment id."""


class AccountFacts:
    """Reads moto's S3 and KMS, and asks the control plane for deployments."""

    def __init__(self, account_ids: Sequence[str], region: str, deployment_target: DeploymentTarget) -> None:
        self._account_ids = tuple(account_ids)
        self._region = region
        self._deployment_target = deployment_target

    def bucket_owner(self, bucket: str) -> str | None:
        """Return the account that owns a bucket."""
        known = s3_backends.bucket_accounts.get(bucket)
        return known[1] if known else None

    def bucket_encryption(self, bucket: str) -> Encryption | None:
        """Return the key of a bucket's default encryption; none for SSE-S3 and for AWS's own key."""
        found = self._bucket(bucket)
        encryption: JsonObject = (found.encryption or {}) if found else {}
        rule = object_in(encryption, "Rule")
        default = object_in(rule, "ApplyServerSideEncryptionByDefault")
        named = default.get("KMSMasterKeyID")
        if not str(default.get("SSEAlgorithm", "")).startswith("aws:kms") or not named:
            return None
        return self._encryption(bucket, str(named), str(rule.get("BucketKeyEnabled", "")).lower() == "true")

    def object_encryption(self, bucket: str, key: str, version: str | None) -> Encryption | None:
        """Return the KMS key that an object was written under."""
        found = self._bucket(bucket)
        for each in reversed(found.keys.getlist(key, default=[]) if found else []):
            if version is None or str(getattr(each, "version_id", None)) == version:
                named = getattr(each, "kms_key_id", None)
                if not named or not str(getattr(each, "encryption", "")).startswith("aws:kms"):
                    return None
                return self._encryption(bucket, str(named), bool(each.bucket_key_enabled))
        return None

    def upload_encryption(self, bucket: str, upload_id: str) -> Encryption | None:
        """Return the KMS key that a multipart upload was begun with, its own or the bucket's."""
        found = self._bucket(bucket)
        upload = found.multiparts.get(upload_id) if found else None
        if upload is None:
            return None
        named = getattr(upload, "kms_key_id", None)
        return self._encryption(bucket, str(named), False) if named else self.bucket_encryption(bucket)

    def key_arn(self, account: str, region: str, name: str) -> str | None:
        """Return the ARN of the key that an id, an ARN, an alias or an alias's ARN means."""
        if name.startswith("arn:"):
            _, _, _, region, account, name = name.split(":", 5)
        backend = kms_backends[account][region or self._region]
        wanted = name.removeprefix("key/")
        for key in list(backend.keys.values()):
            if wanted == key.id or wanted in key.aliases:
                return str(key.arn)
        return None

    def key_of_ciphertext(self, ciphertext: bytes) -> str | None:
        """Return the ARN of the key that a ciphertext was made with: moto writes the key's id before it."""
        named = ciphertext[:_KEY_ID_BYTES].decode("ascii", errors="replace")
        for account in self._account_ids:
            key = kms_backends[account][self._region].keys.get(named)
            if key is not None:
                return str(key.arn)
        return None

    def deployment_target(self, account: str, deployment_id: str) -> str | None:
        """Return the ARN of the thing or thing group that a deployment is for."""
        return self._deployment_target(account, deployment_id)

    def _bucket(self, name: str) -> FakeBucket | None:
        known = s3_backends.bucket_accounts.get(name)
        return s3_backends[known[1]][known[0]].buckets.get(name) if known else None

    def _encryption(self, bucket: str, named: str, bucket_key: bool) -> Encryption | None:
        arn = self.key_arn(self.bucket_owner(bucket) or "", self._region, named)
        return Encryption(arn or named, bucket_key) if arn or named.startswith("arn:") else None


def principal_of(account_ids: Sequence[str], access_key_id: str, thing: str = "") -> Principal | None:
    """Return the user or role session of an access key, a device's if ``thing`` is given; None for an unknown key."""
    for account in account_ids:
        session = sts_backends[account][_PARTITION].get_assumed_role_from_access_key(access_key_id)
        if session is not None:
            return Principal(PrincipalKind.ROLE, account, session.role_arn, session.arn, thing)
        user = iam_backends[account][_PARTITION].get_user_from_access_key_id(access_key_id)
        if user is not None:
            return Principal(PrincipalKind.USER, account, user.arn)
    return None
