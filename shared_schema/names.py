"""Types for names and numbers that Greengrass, IoT and S3 limit; each type checks its value.

Sources: botocore's service model greengrassv2/2020-11-30 (shapes ComponentNameString, ComponentVersionString),
the AWS IoT API reference (thing and thing group names), the S3 bucket naming rules, and the semantic versioning
specification 2.0.0, which Greengrass's versions follow.
"""

import base64
import re
from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

_COMPONENT = re.compile(r"[a-zA-Z0-9._-]{1,128}")
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
_BUCKET = re.compile(r"(?!xn--)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_MODEL_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")
RESTARTING_KEYS: Final = frozenset({"version", "install", "runwith", "lifecycle", "setenv"})
"""Keys, in any case, below which a change of configuration reinstalls or restarts a component on classic: the nucleus
looks at every key above a changed leaf (config/Node.java, ``childOf``; GenericExternalService.java:116-156)."""


def _component_name(text: str) -> str:
    if not _COMPONENT.fullmatch(text):
        raise ValueError(
            f"{text!r} is no component name; use 1 to 128 letters, digits, '.', '_' and '-', such as com.example.digits"
        )
    return text


def is_version(text: str) -> bool:
    """Return whether the whole text is a semantic version."""
    return _VERSION.fullmatch(text) is not None


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise ValueError(f"{text!r} is no semantic version; write major.minor.patch, such as 1.0.0")
    return text


def is_bucket_name(text: str) -> bool:
    """Return whether S3 takes a text as a bucket's name."""
    return _BUCKET.fullmatch(text) is not None


def _bucket(text: str) -> str:
    if not _BUCKET.fullmatch(text):
        raise ValueError(
            f"{text!r} is no bucket name; use 3 to 63 lower-case letters, digits, '.' and '-', "
            "with a letter or digit at both ends"
        )
    return text


def _region(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise ValueError(f"{text!r} is no AWS region; write one such as eu-west-1")
    return text


def digest_text(sha256: bytes) -> str:
    """Return a SHA-256 as a model digest's text: its 32 bytes in base64url without padding, 43 characters."""
    return base64.urlsafe_b64encode(sha256).rstrip(b"=").decode()


def _model_digest(text: str) -> str:
    """Return the digest in its one spelling: of the last character, two bits carry nothing, and are set to 0."""
    if not _MODEL_DIGEST.fullmatch(text):
        raise ValueError(f"{text!r} is no model digest; it is a SHA-256 in base64url, 43 characters")
    return digest_text(base64.urlsafe_b64decode(f"{text}="))


def _configuration_key(text: str) -> str:
    if text.lower() in RESTARTING_KEYS:
        raise ValueError(
            f"{text!r} cannot be a name: it becomes a key of the agent's configuration, below which the classic "
            "nucleus restarts the agent at every change; choose another"
        )
    return text


def alike_but_for_case(names: Iterable[str]) -> list[str]:
    """Return the names that differ from another one in case alone, sorted: to classic they are the same key."""
    found = list(names)
    lowered = [name.lower() for name in found]
    return sorted(name for name in found if lowered.count(name.lower()) > 1)


def _schema(pattern: re.Pattern[str]) -> WithJsonSchema:
    """Return the pattern for editors' JSON Schema; our own check has better messages than "does not match"."""
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern.pattern}$"})


ComponentName = Annotated[str, AfterValidator(_component_name), _schema(_COMPONENT)]
Version = Annotated[str, AfterValidator(_version), _schema(_VERSION)]
BucketName = Annotated[str, AfterValidator(_bucket), _schema(_BUCKET)]
Region = Annotated[str, AfterValidator(_region), _schema(_REGION)]
ThingName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9:_-]{1,128}$")]
ConfigurationKey = AfterValidator(_configuration_key)
"""Annotates a name that people choose and that becomes a key of a configuration: it is none of ``RESTARTING_KEYS``."""
ModelName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]{1,64}$"), ConfigurationKey]
"""A model's name is a level of an MQTT topic and a key of the shadow: no '/', '+', '#', '.' or '$'."""
ApplicationName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ModelDigest = Annotated[str, AfterValidator(_model_digest), _schema(_MODEL_DIGEST)]
"""A model digest in base64url: a third shorter than in hexadecimal, so that a deployment to lite has room for twenty.
Two digests are equal as bytes if and only if they are equal as text."""
