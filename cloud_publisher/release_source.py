"""The source that a release belongs to: the repository that a command runs in, and its environment.

The build wrote the release, and whoever owns the build owns all that it writes. So what protects a stage comes from
here, and a release that says anything else is refused.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cloud_publisher.documents import read_config, read_valid
from shared_schema.config import Config, find_config
from shared_schema.deployment import FILE as TEMPLATE_FILE
from shared_schema.deployment import DeploymentTemplate
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents import Document, read_text_document
from shared_schema.json_value import JsonObject, JsonValue
from shared_schema.release import Release
from shared_schema.stages import DEV_STAGE

_ITS_OWN = "take the release that this source's build made, or correct the source and build again"


@dataclass(frozen=True, slots=True)
class Said:
    """A value, and who says it."""

    value: str
    by: str


@dataclass(frozen=True, slots=True)
class Source:
    """What the source says. Without a config and its variables it says nothing."""

    config: Document[Config] | None
    bucket: Said | None
    """The bucket of artifacts."""
    regions: tuple[Said, ...]
    """Where it may be: each one that the source names for the dev account."""

    def template(self, given: Path | None) -> Document[DeploymentTemplate] | None:
        """Return the deployment template, an empty one if there is none; None if the source has no config.

        ``given`` is another file than ``deployment.json`` beside the config. Raises ``InvalidDocumentError``.
        """
        if self.config is None:
            return None
        path = given or Path(self.config.file).parent / TEMPLATE_FILE
        if given is None and not path.exists():
            return read_text_document("{}", DeploymentTemplate, file=str(path))
        return read_valid(path, DeploymentTemplate)

    def contradicted_by(self, release: Document[Release]) -> Iterator[Diagnostic]:
        """Yield each place at which the release says something else: its bucket, its region, where artifacts are."""
        value = release.value
        if self.regions and value.region not in {each.value for each in self.regions}:
            yield release.diagnostic(("region",), _differs(value.region, *self.regions), _ITS_OWN)
        if self.bucket is None:
            return
        if value.bucket != self.bucket.value:
            yield release.diagnostic(("bucket",), _differs(value.bucket, self.bucket), _ITS_OWN)
        for index, component in enumerate(value.components):
            for number, artifact in enumerate(component.artifacts):
                if not _is_in(artifact.uri, self.bucket.value):
                    path = ("components", index, "artifacts", number, "uri")
                    yield release.diagnostic(path, _differs(artifact.uri, self.bucket), _ITS_OWN)
            recipe = ("components", index, "recipe")
            try:
                uris = list(_downloads(json.loads(component.recipe, object_pairs_hook=_each_once)))
            except (ValueError, RecursionError) as error:
                yield release.diagnostic(recipe, f"is no JSON text that can be checked ({error})", _ITS_OWN)
                continue
            for uri in uris:
                if not _is_in(uri, self.bucket.value):
                    yield release.diagnostic(recipe, f"an artifact {_differs(uri, self.bucket)}", _ITS_OWN)


def read_source(config: Path | None, bucket: str | None, *, stage: str | None) -> Source:
    """Read the named config, or that of the current folder, which only a stage needs. Raises ``InvalidDocumentError``.

    ``bucket`` is given as an option or by the environment, and goes before the config, as it does for the build.
    """
    needed = config is not None or stage is not None
    document = read_config(config) if needed or find_config(Path()).is_file() else None
    return Source(document, _bucket(bucket, document), tuple(_regions(document)))


def _bucket(given: str | None, config: Document[Config] | None) -> Said | None:
    if given:
        return Said(given, "ARTIFACT_BUCKET or --bucket")
    written = config.value.artifact_bucket if config else None
    return Said(written, config.file) if config and written else None


def _regions(config: Document[Config] | None) -> Iterator[Said]:
    # By itself AWS_REGION only says where the command runs, which may be the target's region and not the bucket's.
    if config is None:
        return
    environment = os.environ.get("AWS_REGION")
    if environment:
        yield Said(environment, "AWS_REGION")
    dev = config.value.stages.get(DEV_STAGE)
    for region in filter(None, (config.value.region, dev.region if dev else None)):
        yield Said(region, config.file)


def _differs(found: str, *said: Said) -> str:
    words = dict.fromkeys(f"{each.by} says {each.value}" for each in said)
    return f"is {found}, and {', '.join(words)}"


def _is_in(uri: str, bucket: str) -> bool:
    return not uri.startswith("s3://") or uri.startswith(f"s3://{bucket}/")


def _downloads(value: JsonValue, within: str = "") -> Iterator[str]:
    """Yield the URI of each artifact of a recipe; nuclei read its keys in more than one spelling."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if within == "artifacts" and key.lower() == "uri" and isinstance(inner, str):
                yield inner
            else:
                yield from _downloads(inner, key.lower())
    elif isinstance(value, list):
        for inner in value:
            yield from _downloads(inner, within)


def _each_once(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    """Return an object. Raises ``ValueError`` for a key that is there twice: readers differ in which one they take."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found
