"""The whole build: plan, build what is new, check it, upload it, and only then write what the next stages read.

A component that fails stops the build before anything is uploaded.
"""

import tempfile
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cloud_publisher.artifacts.inventory import upload_index
from cloud_publisher.artifacts.listings import upload_listing
from cloud_publisher.artifacts.uploaded import check_bucket
from cloud_publisher.artifacts.uploading import describe_artifact, upload_artifact, upload_record
from cloud_publisher.build.assembling import Workplace, assemble
from cloud_publisher.build.content import Content
from cloud_publisher.build.graph_check import check_model_zip
from cloud_publisher.build.planning import Planned, Planner
from cloud_publisher.build.whole_release import new_component, release_of
from cloud_publisher.errors import BuildFailedError
from cloud_publisher.registry.resolving import fetch_model
from shared_schema.digests import model_digest_of_zip
from shared_schema.errors import UndigestibleModelError
from shared_schema.model_manifest import ModelManifest
from shared_schema.release import Release, ReleaseComponent, ReleaseModel

_LARGEST_COMPONENT = 2_000_000_000
"""Bytes: Greengrass's quota for a component's artifacts together (AWS service quotas, "Maximum size of artifacts")."""


@dataclass(frozen=True, slots=True)
class Built:
    """A component that is ready for upload, and its artifacts' files."""

    component: ReleaseComponent
    files: tuple[Path, ...]
    content: Content


class Progress(Protocol):
    """Shows a build's progress to a person. ``key`` is the component's key in the config."""

    def step(self, key: str, text: str) -> None:
        """Show one step, or one line of a build's output."""

    def transfer(self, key: str, what: str, size: int) -> AbstractContextManager[Callable[[int], None]]:
        """Show a download or upload of ``size`` bytes, which may take a while.

        The function that it gives is called with the bytes that were moved since the last call; negative when
        something is sent again.
        """


def build_release(planner: Planner, progress: Progress) -> Release:
    """Build and upload what is new. Raises ``PublisherError``s; nothing is uploaded if a component fails."""
    check_bucket(planner.account.s3, planner.bucket)
    with tempfile.TemporaryDirectory(prefix="cloud-publisher-") as work:
        built: list[Built] = []
        # Plan everything first: a missing model shows before a build has taken its minutes.
        for planned in list(planner.plan()):
            if planned.reused is not None:
                progress.step(planned.key, f"{planned.version} has this content already: nothing to build")
                built.append(Built(planned.reused, (), planned.content))
            else:
                built.append(_build_one(planner, planned, Path(work) / planned.key, progress))
        for each in built:
            if not each.component.reused:
                _upload(planner, each, progress)
    release = release_of(planner, [each.component for each in built])
    if not all(each.component.reused for each in built):
        upload_index(planner.account.s3, planner.bucket, release)
    return release


def _build_one(planner: Planner, planned: Planned, work: Path, progress: Progress) -> Built:
    work.mkdir()
    component = planned.component
    manifest_document = planner.sources.manifests.get(planned.key)
    manifest = manifest_document.value if manifest_document and planned.source.kind == "model" else None
    model = None
    if planned.model is not None:
        what = f"downloading {planned.model.data.source}"
        with progress.transfer(planned.key, what, planned.model.data.size) as advance:
            name = component.model.name if component and component.model else ""
            model = fetch_model(planner.account, planned.model, work, archive_name=name, advance=advance)
    progress.step(planned.key, f"building {planned.version}")
    place = Workplace(planner.place(component), work)
    files = assemble(
        planned, place, model=model, manifest=manifest, on_line=lambda line: progress.step(planned.key, f"| {line}")
    )
    artifacts = [
        describe_artifact(path, bucket=planner.bucket, component=planned.name, version=planned.version)
        for path in files
    ]
    size = sum(artifact.size for artifact in artifacts)
    if size > _LARGEST_COMPONENT:
        raise BuildFailedError(
            f"{planned.key}: its artifacts have {size} bytes, and Greengrass takes {_LARGEST_COMPONENT} a component",
            "leave out what the device does not need, with build.exclude or in the custom build",
        )
    released_model = _release_model(planned, files, manifest) if manifest else None
    return Built(new_component(planned, released_model, artifacts), tuple(files), planned.content)


def _release_model(planned: Planned, files: list[Path], manifest: ModelManifest) -> ReleaseModel:
    """Check that the model's manifest and graph agree; return the model's digest."""
    try:
        digest = model_digest_of_zip(files[0])
        check_model_zip(files[0], manifest, component=planned.key)
    except (UndigestibleModelError, zipfile.BadZipFile) as error:
        raise BuildFailedError(
            f"{planned.key}: {files[0].name} is no zip that a device may load: {error}",
            "let the custom build leave files in OUTPUT_DIR, and the publisher pack them",
        ) from error
    source = planned.model.data.source if planned.model else None
    return ReleaseModel(digest=digest, vetting_timeout=manifest.vetting.timeout, source=source)


def _upload(planner: Planner, built: Built, progress: Progress) -> None:
    component, s3 = built.component, planner.account.s3
    for path, artifact in zip(built.files, component.artifacts, strict=True):
        with progress.transfer(component.key, f"uploading {artifact.uri}", artifact.size) as advance:
            upload_artifact(
                s3,
                path,
                artifact,
                bucket=planner.bucket,
                component=component.name,
                version=component.version,
                digest=component.content_digest,
                advance=advance,
            )
    # Uploaded before the record, which makes the version reusable, so that every reusable version has a listing.
    upload_listing(s3, planner.bucket, component, built.content.listing)
    upload_record(s3, planner.bucket, component)
