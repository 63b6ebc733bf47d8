"""KMS. Source: Service Authorization Reference, "AWS Key Management Service"; KMS Developer Guide, "Condition keys".

The resource is the key, whatever its name in the request. KMS decides by the key's own policy first.
"""

import base64
import binascii

from greengrass_emulator.iam.actions.http_request import HttpRequest
from greengrass_emulator.iam.actions.operations import Operation
from greengrass_emulator.iam.actions.resources import (
    ANY,
    Encryption,
    Lookups,
    Place,
    owner_of,
    request_tags,
    tag_context,
)
from greengrass_emulator.iam.requests import Need
from greengrass_emulator.json_value import JsonValue

_ALIASES = {"CreateAlias", "DeleteAlias", "UpdateAlias"}
_NO_RESOURCE = {"CreateKey", "ListKeys", "ListAliases", "GenerateRandom"}


def kms_needs(request: HttpRequest, operation: Operation, lookups: Lookups) -> tuple[Need, ...]:
    """Return ``kms:Operation`` on the key, and on an alias that is created, moved or deleted."""
    action = f"kms:{operation.name}"
    context = tag_context(request_tags(operation)) | encryption_context(operation.parameters.get("EncryptionContext"))
    context["kms:calleraccount"] = (request.account,)
    if operation.name in _NO_RESOURCE:
        return (Need(action, ANY, request.account, context),)
    if operation.name == "ReEncrypt":
        return (
            _on_key("kms:ReEncryptFrom", operation.text("SourceKeyId"), request, lookups, context),
            _on_key("kms:ReEncryptTo", operation.text("DestinationKeyId"), request, lookups, context),
        )
    place = Place("kms", request.region, request.account)
    alias = operation.text("AliasName")
    needs = []
    if operation.name in _ALIASES and alias:
        needs.append(Need(action, place.arn(alias), request.account, context))
    named = operation.text("TargetKeyId") or operation.text("KeyId")
    if named is None and operation.name == "Decrypt":
        # A symmetric ciphertext names its key itself.
        named = lookups.key_of_ciphertext(_blob(operation.text("CiphertextBlob")))
    if operation.name == "DeleteAlias":
        named = alias
    if named or not needs:
        needs.append(_on_key(action, named, request, lookups, context))
    return tuple(needs)


def key_use(
    action: str, encryption: Encryption, bucket: str, object_arn: str, caller: HttpRequest, because_of: str
) -> Need:
    """Return the need for S3's use of a key for the caller, with S3's encryption context."""
    within = f"{object_arn.split(':::', maxsplit=1)[0]}:::{bucket}" if encryption.bucket_key else object_arn
    region = encryption.key_arn.split(":")[3]
    context = encryption_context({"aws:s3:arn": within}) | {
        "kms:calleraccount": (caller.account,),
        "kms:viaservice": (f"s3.{region}.amazonaws.com",),
        "aws:calledvia": ("s3.amazonaws.com",),
    }
    return Need(action, encryption.key_arn, owner_of(encryption.key_arn, caller.account), context, because_of)


def encryption_context(given: JsonValue) -> dict[str, tuple[str, ...]]:
    """Return ``kms:EncryptionContext:KEY`` and ``kms:EncryptionContextKeys``."""
    if not isinstance(given, dict) or not given:
        return {}
    keys = {f"kms:encryptioncontext:{str(key).lower()}": (str(value),) for key, value in given.items()}
    return keys | {"kms:encryptioncontextkeys": tuple(str(key) for key in given)}


def _on_key(
    action: str, named: str | None, request: HttpRequest, lookups: Lookups, context: dict[str, tuple[str, ...]]
) -> Need:
    found = lookups.key_arn(request.account, request.region, named) if named else None
    if found is None:
        found = named if named and named.startswith("arn:") else ANY
        if named and found == ANY and not named.startswith("alias/"):
            found = Place("kms", request.region, request.account).arn(f"key/{named}")
    if named and "alias/" in named:
        context = context | {"kms:requestalias": (named[named.index("alias/") :],)}
    return Need(action, found, owner_of(found, request.account), context)


def _blob(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError):
        return b""  # KMS itself reports the error.
