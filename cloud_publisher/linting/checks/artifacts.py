"""Artifacts: URIs that a nucleus cannot download, and what it would do with the file.

Source: AWS's recipe reference, Artifacts; docs/greengrass-facts.md, "Spelling and sizes".
"""

import re
from collections.abc import Iterator

from cloud_publisher.linting.gdk import GDK_BUCKET
from cloud_publisher.linting.recipe_text import Node, RecipeText
from cloud_publisher.linting.settings import Settings
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents.reading import did_you_mean
from shared_schema.names import is_bucket_name

_S3 = re.compile(r"s3://(?P<bucket>[^/]+)(?:/(?P<key>.*))?", re.DOTALL)
_OTHER_SCHEMES = ("docker:", "lambda:", "greengrass:lambda")
ARCHIVES = (".zip", ".jar", ".whl")
_PERMISSIONS = ("NONE", "OWNER", "ALL")
_NOT_JUDGED = {GDK_BUCKET, "BUCKET_NAME", "{BUCKET_NAME}", "$BUCKET_NAME$"}
"""The bucket that the GDK fills in, and placeholders, which another check reports."""


def check_artifacts(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the findings about each artifact of each manifest."""
    buckets: list[str] = []
    for manifest in recipe.manifests():
        names: set[str] = set()
        listed = manifest.get("Artifacts")
        for artifact in listed.each() if listed else ():
            uri = artifact.get("Uri")
            if uri is not None and uri.text is not None:
                yield from _uri(recipe, settings, artifact, uri, names, buckets)
            yield from _handling(recipe, artifact)


def artifact_name(artifact: Node) -> str | None:
    """Return the file's name on the device; None if the URI is no S3 object's."""
    uri = artifact.get("Uri")
    match = _S3.fullmatch(uri.text) if uri is not None and uri.text is not None else None
    return match["key"].rpartition("/")[2] or None if match and match["key"] else None


def is_zip(artifact: Node) -> bool:
    """Return whether a nucleus unpacks the artifact."""
    unarchive = artifact.get("Unarchive")
    return unarchive is not None and unarchive.text is not None and unarchive.text.upper() == "ZIP"


def _uri(
    recipe: RecipeText, settings: Settings, artifact: Node, uri: Node, names: set[str], buckets: list[str]
) -> Iterator[Diagnostic]:
    text = str(uri.value)
    match = _S3.fullmatch(text)
    if match is None:
        if not text.startswith(_OTHER_SCHEMES):
            yield recipe.finding("GG401", uri, f"a nucleus cannot download {text!r}")
        return
    bucket, name = match["bucket"], artifact_name(artifact)
    if bucket not in _NOT_JUDGED and not is_bucket_name(bucket):
        yield recipe.finding("GG401", uri, f"{bucket!r} is no bucket name", "write the bucket's own name")
    elif bucket not in _NOT_JUDGED:
        if settings.bucket is not None and bucket != settings.bucket:
            yield recipe.finding(
                "GG402",
                uri,
                f"the artifact is in bucket {bucket!r}, and not in {settings.bucket!r}",
                f"upload it to {settings.bucket}, and name that bucket",
            )
        elif settings.bucket is None and buckets and bucket not in buckets:
            yield recipe.finding(
                "GG403", uri, f"the artifact is in bucket {bucket!r}, and others are in {buckets[0]!r}"
            )
        buckets.append(bucket)
    if name is None:
        yield recipe.finding("GG404", uri, f"{text!r} ends with no file name")
        return
    if name in names:
        yield recipe.finding("GG409", uri, f"{name} is the name of another artifact of this manifest")
    names.add(name)
    if is_zip(artifact) and not name.lower().endswith(ARCHIVES) and "{" not in name:
        yield recipe.finding("GG410", artifact.get("Unarchive") or artifact, f"{name} is to be unarchived as ZIP")


def _handling(recipe: RecipeText, artifact: Node) -> Iterator[Diagnostic]:
    unarchive = artifact.get("Unarchive")
    if unarchive is not None and unarchive.text is not None and unarchive.text.upper() not in {"ZIP", "NONE"}:
        yield recipe.finding("GG405", unarchive, f"a nucleus cannot unpack {unarchive.text!r}")
    permission = artifact.get("Permission")
    for name in ("Read", "Execute"):
        given = permission.get(name) if permission else None
        if given is not None and given.text is not None and given.text.upper() not in _PERMISSIONS:
            yield recipe.finding(
                "GG406", given, f"there is no permission {given.text!r}", did_you_mean(given.text, list(_PERMISSIONS))
            )
    digest = artifact.get("Digest") or artifact.get("Algorithm")
    if digest is not None:
        yield recipe.finding("GG407", digest, f"{digest.path[-1]} is given, and the cloud computes it")
