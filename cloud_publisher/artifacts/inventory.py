"""What the bucket has of all components of a release, in few calls: their number grows with the bucket only.

If everything fits in one short listing, that is made; else each component is listed, several at a time. A build of many
components also writes an index of its release, so that the next build need not read a record for each component.
"""

import hashlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cloud_publisher.artifacts.keys import ROOT
from cloud_publisher.artifacts.uploaded import Uploaded, is_whole, list_uploaded, recorded_component, uploaded_of
from cloud_publisher.artifacts.uploading import create_object
from cloud_publisher.cloud_errors import asking
from shared_schema.release import Release, ReleaseComponent

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_A_TIME = 8
_COMPONENTS_A_PAGE = 10
"""A page of a thousand keys is read for this many components before each is listed by itself."""
_INDEXED_FROM = 10
"""Components from which on an index is written: the records of fewer are read as quickly."""
_FAR_AWAY = 10**10
"""Unix time in the year 2286: an index is named by the seconds left until then, so that the newest sorts first."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the bucket has of some components. ``indexed`` has the newest release's components by content digest."""

    s3: "S3Client"
    bucket: str
    uploaded: Mapping[str, Uploaded]
    indexed: Mapping[str, ReleaseComponent]

    def recorded(self, name: str, content_digest: str) -> ReleaseComponent | None:
        """Return the newest version of a component with this content, as it was built; None if it must be built.

        Raises ``CloudError``.
        """
        uploaded, found = self.uploaded[name], self.indexed.get(content_digest)
        only = uploaded.recorded.get(content_digest, ())
        if found is not None and only == (found.version,) and is_whole(self.bucket, uploaded, found):
            return found
        return recorded_component(self.s3, self.bucket, uploaded, content_digest)


def take_inventory(s3: "S3Client", bucket: str, components: Sequence[str]) -> Inventory:
    """Return what the bucket has of the named components. Raises ``CloudError``."""
    uploaded = _listed_together(s3, bucket, components)
    if uploaded is None:
        with ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="list component") as pool:
            uploaded = dict(
                zip(components, pool.map(lambda name: list_uploaded(s3, bucket, name), components), strict=True)
            )
    return Inventory(s3, bucket, uploaded, _newest_index(s3, bucket, components))


def upload_index(s3: "S3Client", bucket: str, release: Release) -> None:
    """Write the release's index for the next build, unless the release is small. Raises ``CloudError``."""
    names = [component.name for component in release.components]
    if len(names) < _INDEXED_FROM:
        return
    body = release.model_dump_json(by_alias=True, exclude_none=True, exclude_unset=True).encode()
    key = f"{_index_prefix(names)}{_FAR_AWAY - int(time.time()):010d}-{hashlib.sha256(body).hexdigest()[:16]}.json"
    create_object(s3, bucket, key, body, hashlib.sha256(body).hexdigest(), {})


def _listed_together(s3: "S3Client", bucket: str, components: Sequence[str]) -> dict[str, Uploaded] | None:
    """Return everything below the root, by component; None if there is so much that each is better listed alone."""
    most = len(components) // _COMPONENTS_A_PAGE
    if most == 0:
        return None
    objects: dict[str, dict[str, int]] = defaultdict(dict)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{ROOT}/")
    with asking(f"list what is in the artifact bucket {bucket!r}"):
        for number, page in enumerate(pages, start=1):
            if number > most:
                return None
            for each in page.get("Contents", []):
                component = each["Key"].removeprefix(f"{ROOT}/").partition("/")[0]
                objects[component][each["Key"]] = each["Size"]
    return {name: uploaded_of(name, objects.get(name, {})) for name in components}


def _newest_index(s3: "S3Client", bucket: str, components: Sequence[str]) -> dict[str, ReleaseComponent]:
    if len(components) < _INDEXED_FROM:
        return {}
    with asking(f"read the newest index in the artifact bucket {bucket!r}"):
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=_index_prefix(components), MaxKeys=1).get("Contents", [])
        if not listed:
            return {}
        text = s3.get_object(Bucket=bucket, Key=listed[0]["Key"])["Body"].read()
    try:
        release = Release.model_validate_json(text)
    except ValidationError:
        # Another publisher version wrote it; each component's own record has the same.
        return {}
    return {component.content_digest: component for component in release.components}


def _index_prefix(components: Sequence[str]) -> str:
    """Return the prefix of the indexes of one set of components: a bucket may serve several repositories."""
    names = hashlib.sha256("\n".join(sorted(components)).encode()).hexdigest()
    return f"{ROOT}/.mlops-release.index/{names}/"
