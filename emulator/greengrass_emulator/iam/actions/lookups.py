"""What a request does not contain but the accounts know: owners of buckets, keys of objects, targets of deployments."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Encryption:
    """A KMS key that S3 uses, by ARN, and whether there is a bucket key (then the context is the bucket)."""

    key_arn: str
    bucket_key: bool = False


class Lookups(Protocol):
    """Answers about the accounts' state. Each returns None for what does not exist, and raises nothing."""

    def bucket_owner(self, bucket: str) -> str | None:
        """The account that owns a bucket."""

    def bucket_encryption(self, bucket: str) -> Encryption | None:
        """The key of a bucket's default encryption, if that is a KMS key."""

    def object_encryption(self, bucket: str, key: str, version: str | None) -> Encryption | None:
        """The KMS key that an object is encrypted with."""

    def upload_encryption(self, bucket: str, upload_id: str) -> Encryption | None:
        """The KMS key that a multipart upload was begun with."""

    def key_arn(self, account: str, region: str, name: str) -> str | None:
        """The ARN of the key that an id, an ARN, an alias or an alias's ARN means in an account."""

    def key_of_ciphertext(self, ciphertext: bytes) -> str | None:
        """Return the ARN of the key that made a ciphertext, in whatever account."""

    def deployment_target(self, account: str, deployment_id: str) -> str | None:
        """The ARN of the thing or thing group that a deployment is for."""
