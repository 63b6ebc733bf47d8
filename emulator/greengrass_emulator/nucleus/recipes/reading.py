"""Reads a recipe's text into the component that this device would run.

Classic reads keys in any case; lite compares them by case, wants an ``Artifacts`` list in every manifest, and makes
texts of a YAML default configuration's numbers (docs/greengrass-facts.md, "Spelling and sizes").
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import yaml

from greengrass_emulator.json_value import JsonObject, JsonValue
from greengrass_emulator.nucleus.errors import RecipeInvalid
from greengrass_emulator.nucleus.lite_sizes import fault_of_recipe
from greengrass_emulator.nucleus.recipes.component import Artifact, Component, Dependency, Lifecycle, Step, Who
from greengrass_emulator.nucleus.recipes.platform import Platform
from greengrass_emulator.nucleus.recipes.selecting import selected_by_classic, selected_by_lite
from greengrass_emulator.nucleus.runtimes import Runtime

_STEPS = ("install", "startup", "run", "shutdown", "recover", "bootstrap", "uninstall")
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,128}")
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?", re.ASCII)
_LONGEST_VERSION = 64
_READERS = {"NONE", "OWNER", "ALL"}


@dataclass(frozen=True, slots=True)
class _Keys:
    """Looks up keys as the runtime does."""

    by_case: bool

    def get(self, mapping: JsonValue, key: str, default: JsonValue = None) -> JsonValue:
        if not isinstance(mapping, dict):
            return default
        if self.by_case or key in mapping:
            return mapping.get(key, default)
        return next((value for name, value in mapping.items() if str(name).lower() == key.lower()), default)


def read_recipe(text: str, where: str, runtime: Runtime, platform: Platform) -> Component:
    """Return the component in a recipe, for this platform. ``where`` names the text in errors.

    Raises RecipeInvalid for a text that is not a recipe, for a runtime's own refusals, and if no manifest is for
    this platform (code NO_AVAILABLE_COMPONENT_VERSION).
    """
    document, is_json = _document(text, where)
    if runtime.has_fixed_buffers:
        fault = fault_of_recipe(text, document if is_json else texts_of(document))
        if fault is not None:
            raise RecipeInvalid(f"{where}: is too large for lite: {fault}. Write less, or in fewer manifests.")
    keys = _Keys(by_case=runtime.reads_recipes_by_case)
    name, version = keys.get(document, "ComponentName"), keys.get(document, "ComponentVersion")
    if not isinstance(name, str) or version is None:
        raise RecipeInvalid(f"{where}: has no ComponentName or no ComponentVersion in the spelling that is read.")
    check_identity(name, str(version), where)
    manifests = keys.get(document, "Manifests")
    if not isinstance(manifests, list) or not manifests:
        raise RecipeInvalid(f"{where}: has no Manifests. Give one with a Platform.", "RECIPE_MISSING_MANIFEST")
    if runtime.reads_recipes_by_case:
        for manifest in manifests:
            if not isinstance(keys.get(manifest, "Artifacts"), list):
                raise RecipeInvalid(f"{where}: lite wants an Artifacts list in every manifest, if an empty one.")
    manifest, section = _manifest(document, manifests, keys, runtime, platform, where)
    defaults = keys.get(keys.get(document, "ComponentConfiguration"), "DefaultConfiguration") or {}
    if not isinstance(defaults, dict):
        raise RecipeInvalid(f"{where}: DefaultConfiguration is not an object.")
    return Component(
        name=name,
        version=str(version),
        defaults=defaults if is_json or not runtime.reads_recipes_by_case else texts_of(defaults),
        dependencies=_dependencies(keys.get(document, "ComponentDependencies"), keys, where),
        lifecycle=_lifecycle(section, keys, where),
        artifacts=tuple(
            _artifact(each, keys, where) for each in _list(keys.get(manifest, "Artifacts"), "Artifacts", where)
        ),
    )


def check_identity(name: str, version: str, where: str) -> None:
    """Raise RecipeInvalid for an invalid component name or version: both become folders on the device."""
    if not _NAME.fullmatch(name) or name in {".", ".."}:
        raise RecipeInvalid(
            f"{where}: the ComponentName {name!r} is invalid. Use 1 to 128 letters, digits, dots, hyphens, underscores."
        )
    if len(version) > _LONGEST_VERSION or not _VERSION.fullmatch(version):
        raise RecipeInvalid(f"{where}: the ComponentVersion {version!r} is not a semantic version such as 1.0.0.")


def texts_of(configuration: JsonObject) -> JsonObject:
    """Return a configuration with numbers and booleans as texts, as lite reads a YAML default configuration."""
    return {key: _text_of(value) for key, value in configuration.items()}


def _text_of(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return texts_of(value)
    if isinstance(value, list):
        return [_text_of(part) for part in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _document(text: str, where: str) -> tuple[JsonObject, bool]:
    """Return a recipe's document, and whether it is JSON. Raises RecipeInvalid."""
    is_json = True
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        is_json = False
        try:
            document = _as_json(yaml.safe_load(text), {})
        except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
            raise RecipeInvalid(f"{where}: is neither JSON nor YAML: {error}") from error
    if not isinstance(document, dict):
        raise RecipeInvalid(f"{where}: is not an object.")
    return document, is_json


def _as_json(value: object, known: dict[int, JsonValue]) -> JsonValue:
    """Return YAML's value as JSON: a key, and a value that JSON does not have, such as a date, as text.

    ``known`` has what is done, by its id: an alias stays one value, however often it is used.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if id(value) not in known:
        if isinstance(value, dict):
            known[id(value)] = {str(key): _as_json(part, known) for key, part in value.items()}
        elif isinstance(value, list):
            known[id(value)] = [_as_json(part, known) for part in value]
        else:
            known[id(value)] = str(value)
    return known[id(value)]


def _manifest(
    document: JsonValue, manifests: list[JsonValue], keys: _Keys, runtime: Runtime, platform: Platform, where: str
) -> tuple[JsonValue, JsonValue]:
    """Return the first manifest for this platform, and its lifecycle. Lite skips a manifest without a lifecycle."""
    selections = [
        [str(each) for each in _list(keys.get(manifest, "Selections"), "Selections", where)] for manifest in manifests
    ]
    fits = False
    for manifest, selected in zip(manifests, selections, strict=True):
        platform_section = keys.get(manifest, "Platform") or {}
        wanted = {key: keys.get(platform_section, key) for key in ("os", "architecture", "runtime")}
        if not all(value is None or isinstance(value, str) for value in wanted.values()):
            raise RecipeInvalid(f"{where}: a Platform has {wanted}; each of them must be a text.")
        try:
            if not platform.matches(wanted, runtime):
                continue
        except re.error as error:
            raise RecipeInvalid(f"{where}: a Platform has an invalid regular expression: {error}.") from error
        fits = True
        shared = keys.get(document, "Lifecycle") or {}
        if own := keys.get(manifest, "Lifecycle"):
            return manifest, own
        if not runtime.reads_recipes_by_case:
            every = frozenset(each for several in selections for each in several)
            return manifest, selected_by_classic(shared, selected, every)
        if (section := selected_by_lite(shared, selected)) is not None:
            return manifest, section
    if fits:
        raise RecipeInvalid(
            f"{where}: no manifest has a lifecycle. Lite takes a global one only by Selections of all or linux, and "
            "only its sections all and linux."
        )
    raise RecipeInvalid(
        f"{where}: no manifest is for {platform.os}/{platform.architecture} on {runtime.fleet_name}. "
        "Add one whose Platform says so (lite takes only manifests that name a runtime).",
        "NO_AVAILABLE_COMPONENT_VERSION",
    )


def _dependencies(section: JsonValue, keys: _Keys, where: str) -> dict[str, Dependency]:
    found: dict[str, Dependency] = {}
    for name, details in _object(section, "ComponentDependencies", where).items():
        requirement = keys.get(details, "VersionRequirement", ">=0.0.0")
        kind = str(keys.get(details, "DependencyType", "HARD")).upper()
        if kind not in {"HARD", "SOFT"}:
            raise RecipeInvalid(f"{where}: DependencyType of {name} is {kind}; it is HARD or SOFT.")
        found[str(name)] = Dependency(str(requirement), kind == "HARD")
    return found


def _lifecycle(section: JsonValue, keys: _Keys, where: str) -> Lifecycle:
    steps: dict[str, Step] = {}
    for name in _STEPS:
        written = keys.get(section, name)
        if written is not None:
            steps[name] = _step(written, name, keys, where)
            privilege = keys.get(written, "RequiresPrivilege", False)
            if keys.by_case and not isinstance(privilege, bool) and privilege not in ("true", "false"):
                raise RecipeInvalid(f"{where}: RequiresPrivilege of {name} is {privilege!r}; lite takes true or false.")
    if "run" in steps and "startup" in steps:
        raise RecipeInvalid(f"{where}: has both run and startup; exactly one of them is allowed.")
    return Lifecycle(steps, _texts(keys.get(section, "Setenv"), where), frozenset(_numbers(section, keys)))


def _numbers(section: JsonValue, keys: _Keys) -> Iterator[tuple[str, ...]]:
    for at in ((), *((name,) for name in _STEPS)):
        part = keys.get(section, at[0]) if at else section
        if _is_number(keys.get(part, "Timeout")):
            yield (*at, "timeout")
        variables = keys.get(part, "Setenv")
        if isinstance(variables, dict):
            yield from ((*at, "setenv", str(key)) for key, value in variables.items() if _is_number(value))


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _step(written: JsonValue, name: str, keys: _Keys, where: str) -> Step:
    if isinstance(written, str):
        return Step(written)
    script = keys.get(written, "Script")
    if not isinstance(script, str):
        raise RecipeInvalid(f"{where}: the step {name} has no Script.")
    timeout = keys.get(written, "Timeout")
    try:
        seconds = None if timeout is None else float(timeout if isinstance(timeout, str | int | float) else "none")
        if seconds is not None and not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(timeout)
    except (ValueError, OverflowError) as error:
        raise RecipeInvalid(f"{where}: the Timeout of {name} is {timeout!r}; give seconds.") from error
    skip_if = keys.get(written, "Skipif")
    return Step(
        script,
        seconds,
        _texts(keys.get(written, "Setenv"), where),
        None if skip_if is None else str(skip_if),
        # Both also take a text (Coerce.toBoolean; recipe2unit compares texts).
        privileged=str(keys.get(written, "RequiresPrivilege", False)).lower() == "true",
    )


def _texts(section: JsonValue, where: str) -> dict[str, str]:
    return {str(key): str(value) for key, value in _object(section, "Setenv", where).items()}


def _object(section: JsonValue, name: str, where: str) -> JsonObject:
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise RecipeInvalid(f"{where}: {name} is not an object.")
    return section


def _list(section: JsonValue, name: str, where: str) -> list[JsonValue]:
    if section is None:
        return []
    if not isinstance(section, list):
        raise RecipeInvalid(f"{where}: {name} is not a list.")
    return section


def _artifact(written: JsonValue, keys: _Keys, where: str) -> Artifact:
    uri = keys.get(written, "Uri")
    if not isinstance(uri, str) or not uri:
        raise RecipeInvalid(f"{where}: an artifact has no Uri in the spelling that is read.", "EMPTY_ARTIFACT_URI")
    permission = keys.get(written, "Permission") or {}
    digest = keys.get(written, "Digest")
    return Artifact(
        uri=uri,
        unzip=_unarchive(keys.get(written, "Unarchive"), where),
        read=_who(keys.get(permission, "Read"), "OWNER", where),
        execute=_who(keys.get(permission, "Execute"), "NONE", where),
        digest=None if digest is None else str(digest),
    )


def _unarchive(written: JsonValue, where: str) -> bool:
    kind = str(written or "NONE").upper()
    if kind not in {"NONE", "ZIP"}:
        raise RecipeInvalid(f"{where}: Unarchive is {written!r}; it is ZIP or NONE. A tar is unpacked by a step.")
    return kind == "ZIP"


def _who(written: JsonValue, default: Who, where: str) -> Who:
    if written is None:
        return default
    if str(written).upper() not in _READERS:
        raise RecipeInvalid(f"{where}: Permission is {written!r}; it is NONE, OWNER or ALL.")
    return cast(Who, str(written).upper())
