"""The bucket's keys: ``artifacts/greengrass/COMPONENT/VERSION/NAME``.

Beside a version's artifacts is its record, whose name has the content digest. So one listing of a component tells which
versions were uploaded, and which of them has a given content.
"""

import re
from pathlib import PurePosixPath

ROOT = "artifacts/greengrass"
_RECORD = re.compile(r"\.mlops-release\.([0-9a-f]{64})\.json")


def component_prefix(component: str) -> str:
    """The prefix of all that a component has in the bucket."""
    return f"{ROOT}/{component}/"


def artifact_key(component: str, version: str, name: str) -> str:
    """The key of one artifact."""
    return f"{component_prefix(component)}{version}/{name}"


def artifact_uri(bucket: str, component: str, version: str, name: str) -> str:
    """The URI of one artifact, as the recipe has it."""
    return f"s3://{bucket}/{artifact_key(component, version, name)}"


def record_key(component: str, version: str, content_digest: str) -> str:
    """The key of a version's record."""
    return artifact_key(component, version, f".mlops-release.{content_digest}.json")


def listing_key(component: str, version: str, content_digest: str) -> str:
    """The key of the listing of what a version was made from."""
    return artifact_key(component, version, f".mlops-release.{content_digest}.content.json")


def version_and_name(component: str, key: str) -> tuple[str, str] | None:
    """Return the version and file name of a key below the component's prefix; None for any other key."""
    version, _, name = key.removeprefix(component_prefix(component)).partition("/")
    return (version, name) if version and name else None


def digest_in_record_name(name: str) -> str | None:
    """Return the content digest in a record's name; None for an artifact."""
    match = _RECORD.fullmatch(name)
    return match[1] if match else None


def name_in_uri(uri: str) -> str:
    """The file name that an artifact URI ends with; empty when it ends with ``/``."""
    return PurePosixPath(uri.removeprefix("s3://")).name if not uri.endswith("/") else ""
