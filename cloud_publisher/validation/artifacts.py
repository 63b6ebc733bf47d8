"""Checks each component's artifacts and lifecycle, beyond the shape of the recipe."""

from collections.abc import Iterator

from cloud_publisher.artifacts.keys import name_in_uri
from cloud_publisher.recipes.placeholders import BUCKET, NAME, VERSION, filled_name
from cloud_publisher.validation.sources import Sources
from shared_schema.config import Component
from shared_schema.diagnostics import Diagnostic, DocumentPath
from shared_schema.recipe import Artifact, Lifecycle

_ANY = {BUCKET: "bucket", NAME: "name", VERSION: "1.0.0"}


def check_artifacts(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults: URIs that name no file, equal names, components with nothing to run."""
    for key, component in sources.components.items():
        seen: dict[str, Artifact] = {}
        for path, artifact in artifacts_of(key, component):
            uri = _uri_path(sources, path)
            name = filled_name(name_in_uri(artifact.uri), _ANY)
            if not artifact.uri.startswith("s3://"):
                yield sources.diagnostic(
                    uri,
                    f"{artifact.uri!r} is no S3 URI",
                    f"write s3://{BUCKET}/{NAME}/{VERSION}/ and the artifact's file name",
                )
            elif not name:
                yield sources.diagnostic(
                    uri, "the URI ends with no file name", "add the artifact's file name, such as app.zip"
                )
            elif artifact.unarchive == "ZIP" and not name.endswith(".zip"):
                yield sources.diagnostic(
                    (*path, "Unarchive"),
                    f"{name} is to be unarchived as ZIP",
                    "name it .zip, or take Unarchive out: a nucleus unpacks nothing else",
                )
            if artifact.digest is not None or artifact.algorithm is not None:
                yield sources.diagnostic(
                    path, "gives a Digest", "take Digest and Algorithm out: the cloud computes them"
                )
            if name in seen and seen[name] != artifact:
                yield sources.diagnostic(
                    uri, f"{name} is listed twice, in different ways", "list it once, or alike for every platform"
                )
            seen.setdefault(name, artifact)
        if component.agent is None:
            yield from _lifecycles(sources, key, component)
            if not seen:
                yield sources.note((key,), f"there are no Artifacts: nothing of {component.root} goes to a device")


def artifacts_of(key: str, component: Component) -> Iterator[tuple[DocumentPath, Artifact]]:
    """Return the artifacts that the config gives, each with its path below ``custom-components``."""
    for index, artifact in enumerate(component.artifacts or []):
        yield (key, "Artifacts", index), artifact
    for number, manifest in enumerate(component.manifests or []):
        for index, artifact in enumerate(manifest.artifacts):
            yield (key, "Manifests", number, "Artifacts", index), artifact


def lifecycles_of(key: str, component: Component) -> Iterator[tuple[DocumentPath, Lifecycle | None]]:
    """Return the lifecycle of each manifest, with its path below ``custom-components``."""
    if component.manifests is None:
        yield (key, "Lifecycle"), component.lifecycle
    for number, manifest in enumerate(component.manifests or []):
        yield (key, "Manifests", number, "Lifecycle"), manifest.lifecycle


def _lifecycles(sources: Sources, key: str, component: Component) -> Iterator[Diagnostic]:
    for path, lifecycle in lifecycles_of(key, component):
        scripts = lifecycle.scripts() if lifecycle else {}
        if not scripts.keys() & {"run", "startup"}:
            yield sources.diagnostic(
                path,
                "there is neither run nor startup in the lifecycle",
                "add Run: exit 0 where there is nothing to run: nucleus lite fails the deployment without it",
            )


def _uri_path(sources: Sources, path: DocumentPath) -> DocumentPath:
    written = (*path, "URI")
    return written if ("custom-components", *written) in sources.config.positions.keys else (*path, "Uri")
