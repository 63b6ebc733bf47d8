"""What nucleus lite cannot do, or does otherwise than classic (docs/greengrass-facts.md, "Recipes", "Nucleus lite").

Checked with ``--runtime lite``; without it, only in manifests that are for lite alone.
"""

import re
from collections.abc import Iterator

from cloud_publisher.linting.checks.access_control import IOT_CORE, PUBSUB, access_control_of
from cloud_publisher.linting.checks.lifecycles import script_of, steps_of
from cloud_publisher.linting.recipe_text import Node, RecipeText
from cloud_publisher.linting.settings import Runtime, Settings, runtime_of
from cloud_publisher.sizes.figure import recipe_figures
from cloud_publisher.sizes.lite_memory import LONGEST_LEAF, json_bytes
from shared_schema.diagnostics import Diagnostic
from shared_schema.json_value import leaves

_LONGEST_TEXT = 1_000
"""The longest value, in bytes, that lite's IPC returns."""
_MISSING_STEPS = ("shutdown", "recover")
_ITS_SERVICES = {PUBSUB, IOT_CORE, "aws.greengrass.Cli"}
_KNOWN = r"(?:artifacts:(?:path|decompressedPath)|work:path|kernel:rootPath|iot:thingName|configuration:/[^{}\s]*)"
_OTHER_COMPONENT = re.compile(r"(?<!\$)\{[.\w-]+:(?:artifacts|work|configuration|kernel|iot):[^{}\s]+\}")
# variables.py reports a variable that lite does not know.
_REPORTED_ELSEWHERE = re.compile(r"(?<!\$)\{[.\w-]+(?::[.\w-]+)?:[^{}\s:]+\}")
_BRACE = re.compile(r"\$\{[^}\n]*\}?|(?<!\$)\{(?!" + _KNOWN + r"\})[^}\n]*\}?")


def check_lite(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the findings about the manifests that lite would use, and the configuration that it would read."""
    manifests = settings.for_lite(recipe)
    if settings.runtime is Runtime.LITE:
        everything = recipe.top.get("Manifests")
        if manifests and not any(runtime_of(manifest) for manifest in manifests):
            yield recipe.finding("GG801", everything or recipe.top, "no manifest names a runtime")
        yield from _configuration(recipe)
        yield from _sizes(recipe)
    for manifest in manifests:
        yield from _manifest(recipe, manifest)


def _manifest(recipe: RecipeText, manifest: Node) -> Iterator[Diagnostic]:
    if manifest.get("Artifacts") is None:
        yield recipe.finding("GG802", manifest, "the manifest has no Artifacts", key="Artifacts")
    lifecycle = manifest.get("Lifecycle") or _selected(recipe, manifest)
    steps = dict(steps_of(lifecycle)) if lifecycle is not None else {}
    if not steps.keys() & {"run", "startup"}:
        yield recipe.finding("GG503", lifecycle or manifest, "there is neither run nor startup")
    for name, step in steps.items():
        if name in _MISSING_STEPS:
            yield recipe.finding("GG803", step, f"nucleus lite has no {name}")
        skip = step.get("Skipif")
        if skip is not None:
            yield recipe.finding("GG803", skip, "nucleus lite has no Skipif", "test for it in the script")
        if name == "startup":
            yield recipe.finding("GG804", step, "startup asks for systemd 254 on the device")
        if name == "install":
            yield recipe.finding("GG809", step, "an install that fails takes the component down on lite")
        if name == "bootstrap":
            yield recipe.finding("GG810", step, "bootstrap reboots the device on lite")
        script = script_of(step)
        if script is not None and script.text is not None:
            yield from _script(recipe, script, script.text)


def _selected(recipe: RecipeText, manifest: Node) -> Node | None:
    """Return the section of the global lifecycle that lite uses: ``all`` or ``linux``, the one that is selected last.

    Source: aws-greengrass-lite, ggl-recipe/src/recipe.c (lifecycle_selection).
    """
    shared, listed = recipe.top.get("Lifecycle"), manifest.get("Selections")
    sections = dict(shared.items()) if shared is not None else {}
    selections = [each.text for each in listed.each()] if listed is not None else []
    taken = [each for each in selections or ["all"] if each in {"all", "linux"} and each in sections]
    return sections[taken[-1]] if taken and taken[-1] is not None else None


def _script(recipe: RecipeText, script: Node, text: str) -> Iterator[Diagnostic]:
    for match in _OTHER_COMPONENT.finditer(text):
        yield recipe.finding_in_text("GG604", script, match[0], f"nucleus lite does not fill in {match[0]}")
    for match in _BRACE.finditer(text):
        if _REPORTED_ELSEWHERE.fullmatch(match[0]):
            continue
        name = re.fullmatch(r"\$\{(\w+)\}", match[0])
        yield recipe.finding_in_text(
            "GG605",
            script,
            match[0],
            f"nucleus lite cuts the script at {match[0]!r}",
            f"write ${name[1]}" if name else "",
        )


def _configuration(recipe: RecipeText) -> Iterator[Diagnostic]:
    configuration = recipe.top.get("ComponentConfiguration")
    defaults = configuration.get("DefaultConfiguration") if configuration else None
    if defaults is None:
        return
    if not recipe.text.lstrip().startswith("{"):
        for node in defaults.scalars():
            if isinstance(node.value, bool | int | float):
                yield recipe.finding("GG805", node, f"nucleus lite makes the text {str(node.value).lower()!r} of it")
    for path, leaf in leaves(defaults.value):
        node = Node(leaf, (*defaults.path, *path))
        what = "text" if isinstance(leaf, str) else "list"
        written = json_bytes(node.value)
        size = len(str(node.value).encode())
        if written > LONGEST_LEAF:
            yield recipe.finding("GG808", node, f"the {what} has {written} bytes as JSON")
        elif what == "text" and size > _LONGEST_TEXT:
            yield recipe.finding("GG807", node, f"the text has {size} bytes")
    control = access_control_of(recipe)
    for service, policies in control.items() if control else ():
        if service.startswith("aws.greengrass.") and service not in _ITS_SERVICES:
            yield recipe.finding("GG806", policies, f"nucleus lite has no {service}")


def _sizes(recipe: RecipeText) -> Iterator[Diagnostic]:
    for figure in recipe_figures(recipe.name or "the component", recipe.text, recipe.top.value):
        if figure.over:
            code = "GG811" if figure.unit == "bytes" else "GG812"
            yield recipe.finding(code, recipe.top, figure.words)
