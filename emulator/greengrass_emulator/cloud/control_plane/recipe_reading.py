"""The part of a recipe that the cloud reads: name, version, platforms, artifacts. All else it passes on unchanged.

Keys are read in any case, as the service does with the older spellings (``URI``). The cloud changes the text only by
the ``Digest`` and ``Algorithm`` that it adds to each artifact (AWS, "Component recipe reference").
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import yaml

from greengrass_emulator.cloud.api_errors import ValidationException
from greengrass_emulator.cloud.control_plane.versions import is_range, is_version
from greengrass_emulator.json_value import JsonObject, JsonValue

MAXIMUM_BYTES = 16_000
_FORMAT = "2020-01-25"


class _PlainLoader(yaml.SafeLoader):
    """YAML without dates: ``2020-01-25`` stays a text, as in the service."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class CloudRecipe:
    """A recipe in the cloud. ``text`` is the JSON document that devices get."""

    name: str
    version: str
    publisher: str | None
    description: str | None
    platforms: tuple[tuple[str | None, tuple[tuple[str, str], ...]], ...]
    artifact_uris: tuple[str, ...]
    text: str

    def document(self) -> JsonObject:
        """Return a copy of the recipe's JSON object."""
        document: JsonObject = json.loads(self.text)
        return document


def read_recipe(blob: bytes) -> CloudRecipe:
    """Read a recipe, JSON or YAML. Raises ``ValidationException`` that says what is wrong with it."""
    if len(blob) > MAXIMUM_BYTES:
        raise ValidationException(f"The recipe has {len(blob)} bytes; at most {MAXIMUM_BYTES} are allowed")
    return _checked(_parsed(blob))


def with_digests(recipe: CloudRecipe, digests: Mapping[str, str]) -> CloudRecipe:
    """Return the recipe with each artifact's digest (base64 of its SHA-256, as the nucleus compares it)."""
    document = recipe.document()
    for artifact in _artifacts(_manifests(document)):
        uri = _uri(artifact)
        if uri in digests:
            artifact["Digest"], artifact["Algorithm"] = digests[uri], "SHA-256"
    return _checked(document)


def recipe_as(recipe: CloudRecipe, output_format: str) -> bytes:
    """Return the recipe in the wanted format, ``JSON`` or ``YAML``."""
    if output_format == "YAML":
        return yaml.safe_dump(recipe.document(), sort_keys=False, allow_unicode=True).encode()
    return recipe.text.encode()


def _parsed(blob: bytes) -> JsonObject:
    try:
        text = blob.decode()
    except UnicodeDecodeError as fault:
        raise ValidationException(f"The recipe is not UTF-8 text: {fault}") from fault
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        try:
            document = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a SafeLoader
        except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as fault:
            raise ValidationException(f"The recipe is neither JSON nor YAML: {fault}") from fault
    if not isinstance(document, dict):
        raise ValidationException("The recipe is not a JSON or YAML object")
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as fault:
        # YAML has sets, bytes and NaN; JSON has unpaired surrogates.
        raise ValidationException(f"The recipe has a value that JSON does not have: {fault}") from fault
    read: JsonObject = json.loads(text)
    return read


def _checked(document: JsonObject) -> CloudRecipe:
    if _get(document, "RecipeFormatVersion") != _FORMAT:
        raise ValidationException(f"RecipeFormatVersion must be {_FORMAT}")
    name, version = _get(document, "ComponentName"), _get(document, "ComponentVersion")
    if not isinstance(name, str) or not 1 <= len(name) <= 128 or not all(c.isalnum() or c in "._-" for c in name):
        raise ValidationException(
            f"ComponentName must have 1 to 128 letters, digits, '.', '_' and '-', and is {name!r}"
        )
    if not isinstance(version, str) or len(version) > 64 or not is_version(version):
        raise ValidationException(f"ComponentVersion must be a semantic version such as 1.0.0, and is {version!r}")
    manifests = _manifests(document)
    _check_dependencies(document)
    uris = [_uri(artifact) for artifact in _artifacts(manifests)]
    platforms = tuple(
        (_text_or_none(manifest, "Name"), tuple((key, str(value)) for key, value in _platform(manifest).items()))
        for manifest in manifests
    )
    return CloudRecipe(
        name=name,
        version=version,
        publisher=_text_or_none(document, "ComponentPublisher"),
        description=_text_or_none(document, "ComponentDescription"),
        platforms=platforms,
        artifact_uris=tuple(dict.fromkeys(uris)),
        text=json.dumps(document, ensure_ascii=False),
    )


def _manifests(document: JsonObject) -> list[JsonObject]:
    given = _get(document, "Manifests")
    manifests = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    if not isinstance(given, list) or not given or len(manifests) != len(given):
        raise ValidationException("Manifests must be a list with at least one manifest")
    return manifests


def _platform(manifest: JsonObject) -> JsonObject:
    platform = _get(manifest, "Platform") or {}
    if not isinstance(platform, dict):
        raise ValidationException("A manifest's Platform must be an object such as {os: linux}")
    return platform


def _text_or_none(document: JsonObject, key: str) -> str | None:
    value = _get(document, key)
    if value is not None and not isinstance(value, str):
        raise ValidationException(f"{key} must be a text, and is {value!r}")
    return value


def _check_dependencies(document: JsonObject) -> None:
    dependencies = _get(document, "ComponentDependencies") or {}
    if not isinstance(dependencies, dict):
        raise ValidationException("ComponentDependencies must be a map of component names")
    for name, dependency in dependencies.items():
        wanted = _get(dependency, "VersionRequirement") if isinstance(dependency, dict) else None
        if not isinstance(wanted, str) or not is_range(wanted):
            raise ValidationException(f"{name}: VersionRequirement is not an npm range: {wanted!r}")


def _artifacts(manifests: Iterable[JsonObject]) -> Iterator[JsonObject]:
    for manifest in manifests:
        artifacts = _get(manifest, "Artifacts") or []
        if not isinstance(artifacts, list):
            raise ValidationException("A manifest's Artifacts must be a list")
        for artifact in artifacts:
            if not isinstance(artifact, dict):
                raise ValidationException("An artifact must be an object with a Uri")
            yield artifact


def _uri(artifact: JsonObject) -> str:
    uri = _get(artifact, "Uri")
    if not isinstance(uri, str) or ":" not in uri:
        raise ValidationException(f"An artifact's Uri must be a URI such as s3://bucket/key, and is {uri!r}")
    return uri


def _get(document: JsonObject, key: str) -> JsonValue:
    if key in document:
        return document[key]
    lowered = key.lower()
    return next((value for name, value in document.items() if name.lower() == lowered), None)
