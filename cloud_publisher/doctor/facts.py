"""What the doctor needs to know of a stage: from the config, or without one from the release in ``dist/``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cloud_publisher.documents import read_config
from cloud_publisher.errors import WrongUseError
from cloud_publisher.release_file import read_release
from shared_schema.config import Config, find_config
from shared_schema.diagnostics import Place
from shared_schema.documents import Document
from shared_schema.documents.reading import did_you_mean
from shared_schema.release import FILE, Release, ReleaseStage, release_stages
from shared_schema.stages import DEV_STAGE


@dataclass(frozen=True, slots=True)
class Facts:
    """A stage's facts. ``artifact`` is the URI of an uploaded artifact, ``key`` the ARN of the artifacts' KMS key."""

    name: str
    stage: ReleaseStage
    bucket: str | None
    bucket_region: str
    key: str | None
    component: str
    """The name of one component of this repository."""
    artifact: str | None
    file: str
    """The document that has the stage."""
    config: Document[Config] | None = None
    """That document, if it is the config."""

    def place(self, key: str = "") -> Place:
        """Return the place of the stage, or of one of its keys."""
        path = ("stages", self.name, *((key,) if key else ()))
        return self.config.place(path) if self.config else Place(self.file, path=path)


def facts_of(stage: str, *, config: Path | None, dist: Path, bucket: str | None) -> Facts:
    """Read a stage's facts. Raises ``InvalidDocumentError``, and ``WrongUseError`` if there is no such stage."""
    release = read_release(dist) if (dist / FILE).is_file() else None
    path = config or find_config(Path())
    if config is None and not path.is_file() and release is not None:
        return Facts(
            name=stage,
            stage=_known(stage, release.stages, str(dist / FILE)),
            bucket=bucket or release.bucket,
            bucket_region=release.region,
            key=None,
            component=release.components[0].name,
            artifact=_artifact(release, bucket or release.bucket),
            file=str(dist / FILE),
        )
    document = read_config(config)
    written = document.value
    found = _known(stage, release_stages(written.stages), str(path))
    dev = written.stages.get(DEV_STAGE)
    chosen = bucket or written.artifact_bucket
    return Facts(
        name=stage,
        stage=found,
        bucket=chosen,
        bucket_region=dev.region if dev else written.region or found.region,
        key=dev.key if dev else None,
        component=next(iter(written.custom_components.values())).component_name,
        artifact=_artifact(release, chosen) if release else None,
        file=document.file,
        config=document,
    )


def _known(stage: str, stages: Mapping[str, ReleaseStage], where: str) -> ReleaseStage:
    if stage not in stages:
        remedy = did_you_mean(stage, list(stages)) if stages else "add stages: to the config (docs/policies.md)"
        raise WrongUseError(f"there is no stage {stage!r} in {where}", remedy)
    return stages[stage]


def _artifact(release: Release, bucket: str | None) -> str | None:
    uris = (artifact.uri for component in release.components for artifact in component.artifacts)
    return next((uri for uri in uris if uri.startswith(f"s3://{bucket}/")), None)
