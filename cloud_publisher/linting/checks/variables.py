"""Recipe variables in lifecycles: unknown ones, those of components that are no dependency, paths of no artifact.

Source: AWS's recipe reference, Recipe variables; docs/greengrass-facts.md, "Variables".
"""

import re
from collections.abc import Iterator

from cloud_publisher.linting.checks.artifacts import ARCHIVES, artifact_name, is_zip
from cloud_publisher.linting.recipe_text import Node, RecipeText
from cloud_publisher.linting.settings import Settings
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents.reading import did_you_mean

# The forms that classic tries to fill in; a shell's ${X:-y} is not one of them.
_VARIABLE = re.compile(r"(?<!\$)\{(?:(?P<component>[.\w-]+):)?(?P<namespace>[.\w-]+):(?P<key>[^{}\s:]+)\}")
_OF_THE_COMPONENT = ("artifacts:path", "artifacts:decompressedPath", "work:path", "kernel:rootPath", "iot:thingName")
_OF_OTHERS = ("artifacts:path", "artifacts:decompressedPath", "work:path")
CONFIGURATION = "configuration"
_FILE = re.compile(
    r"\{artifacts:(?P<kind>path|decompressedPath)\}/(?P<name>[^/\s\"'`;|&<>()\\$*?{}\[\],:]+)(?P<next>.?)", re.DOTALL
)


def check_variables(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the findings about each text of each lifecycle."""
    del settings
    direct = {name for name, _ in recipe.dependencies()}
    configuration = recipe.top.get("ComponentConfiguration")
    defaults = configuration.get("DefaultConfiguration") if configuration else None
    for lifecycle, artifacts in recipe.lifecycles():
        for node in lifecycle.texts():
            yield from _in_text(recipe, node, direct, defaults)
            yield from _files(recipe, node, artifacts)


def _in_text(recipe: RecipeText, node: Node, direct: set[str], defaults: Node | None) -> Iterator[Diagnostic]:
    for match in _VARIABLE.finditer(str(node.value)):
        component, namespace, key = match["component"], match["namespace"], match["key"]
        variable = f"{namespace}:{key}"
        known = _OF_OTHERS if component else _OF_THE_COMPONENT
        if namespace == CONFIGURATION:
            if not key.startswith("/"):
                yield recipe.finding_in_text(
                    "GG601", node, match[0], f"{match[0]} names no JSON pointer", f"write {{{CONFIGURATION}:/{key}}}"
                )
            elif not component and not _stands(defaults, key):
                yield recipe.finding_in_text(
                    "GG603",
                    node,
                    match[0],
                    f"DefaultConfiguration has nothing at {key}",
                    f"add a default at {key}, or correct the pointer",
                )
        elif variable not in known:
            near = did_you_mean(variable, [*known, f"{CONFIGURATION}:/…"])
            yield recipe.finding_in_text("GG601", node, match[0], f"there is no variable {match[0]}", near)
        if component and component not in direct:
            yield recipe.finding_in_text(
                "GG602", node, match[0], f"{component} is no direct dependency, so {match[0]} is not filled in"
            )


def _files(recipe: RecipeText, node: Node, artifacts: list[Node]) -> Iterator[Diagnostic]:
    plain = {name for each in artifacts if (name := artifact_name(each))}
    unpacked = {name.rpartition(".")[0] for each in artifacts if is_zip(each) and (name := artifact_name(each))}
    if any(_is_told_elsewhere(each) for each in artifacts):
        return
    for match in _FILE.finditer(str(node.value)):
        if match["next"] in {"$", "*", "?", "{", "["}:
            continue
        names, name = (plain, match["name"]) if match["kind"] == "path" else (unpacked, match["name"])
        if name.rstrip(".") not in names and name not in names:
            what = "artifact" if match["kind"] == "path" else "unarchived zip"
            shown = match[0].removesuffix(match["next"]) if match["next"] else match[0]
            remedy = did_you_mean(name, sorted(names)) if names else f"list the {what}, or correct the path"
            yield recipe.finding_in_text("GG408", node, shown, f"{shown} is of no {what} of this manifest", remedy)


def _is_told_elsewhere(artifact: Node) -> bool:
    """Return whether an artifact's URI or archive is itself a fault, so that its paths cannot be checked."""
    name = artifact_name(artifact)
    return name is None or (is_zip(artifact) and not name.lower().endswith(ARCHIVES) and "{" not in name)


def _stands(defaults: Node | None, pointer: str) -> bool:
    node = defaults
    if pointer == "/":
        return node is not None
    for step in pointer[1:].split("/"):
        if node is None:
            return False
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node.value, list):
            inner = dict(enumerate(node.each())).get(int(name)) if name.isdigit() else None
        else:
            # A nucleus compares keys of its configuration without case; a `null` counts as a value.
            inner = next((found for key, found in node.items() if key.lower() == name.lower()), None)
        node = inner
    return node is not None
