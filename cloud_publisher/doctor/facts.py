"""What the doctor needs to know of a stage: from the config, and of its artifacts from the release in ``dist/``."""

from dataclasses import dataclass
from pathlib import Path

from cloud_publisher.documents import read_config, stage_of
from cloud_publisher.release_file import read_release
from shared_schema.config import Config
from shared_schema.diagnostics import Place
from shared_schema.documents import Document
from shared_schema.release import FILE, Release
from shared_schema.stages import DEV_STAGE, Stage


@dataclass(frozen=True, slots=True)
class Facts:
    """A stage's facts. ``artifact`` is the URI of an uploaded artifact, ``key`` the ARN of the artifacts' KMS key."""

    name: str
    stage: Stage
    bucket: str | None
    bucket_region: str
    key: str | None
    component: str
    """The name of one component of this repository."""
    artifact: str | None
    config: Document[Config]

    def place(self, key: str = "") -> Place:
        """Return the place of the stage, or of one of its keys."""
        return self.config.place(("stages", self.name, *((key,) if key else ())))


def facts_of(stage: str, *, config: Path | None, dist: Path, bucket: str | None) -> Facts:
    """Read a stage's facts. Raises ``InvalidDocumentError``, and ``WrongUseError`` if there is no such stage."""
    release = read_release(dist) if (dist / FILE).is_file() else None
    document = read_config(config)
    written = document.value
    found = stage_of(document, stage)
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
        config=document,
    )


def _artifact(release: Release, bucket: str | None) -> str | None:
    uris = (artifact.uri for component in release.components for artifact in component.artifacts)
    return next((uri for uri in uris if uri.startswith(f"s3://{bucket}/")), None)
