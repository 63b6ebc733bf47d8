"""A recipe's format, name, version, type and size, and placeholders that were not filled in."""

import re
from collections.abc import Iterator

from cloud_publisher.linting.recipe_text import Node, RecipeText
from cloud_publisher.linting.settings import Settings
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents.reading import did_you_mean
from shared_schema.recipe import MAXIMUM_BYTES

FORMAT = "2020-01-25"
_LONGEST_VERSION = 64
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,128}")
_VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)
_TYPES = ("aws.greengrass.generic", "aws.greengrass.lambda", "aws.greengrass.nucleus", "aws.greengrass.plugin")
# Our own ($NAME$), the GDK's ({NAME} and the bare ones), AWS's examples (<…>), and those of people (CHANGE_ME).
_PLACEHOLDER = re.compile(
    r"\$(?:BUCKET_NAME|COMPONENT_NAME|COMPONENT_VERSION)\$|\{(?:COMPONENT_(?:NAME|VERSION|AUTHOR))\}"
    r"|(?<![\w$])(?:BUCKET_NAME|COMPONENT_NAME|COMPONENT_VERSION|COMPONENT_AUTHOR)(?![\w$])"
    r"|(?<![\w$])(?:DOC-EXAMPLE-BUCKET\d*|amzn-s3-demo-bucket\d*|REPLACE[_-]ME|CHANGE[_-]ME|YOUR[_-][A-Z_-]+)(?!\w)"
    r"|<(?:YOUR|REPLACE|INSERT)[^<>\n]*>|\{\{[^{}\n]+\}\}",
    re.IGNORECASE,
)
# It may be a shell variable of that name, and no placeholder.
_SHELL = re.compile(r"\$\{?[A-Za-z_]\w*\}?")


def check_identity(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the findings about format, name, version and type."""
    del settings
    version = recipe.top.get("RecipeFormatVersion")
    if version is not None and version.text is not None and version.text != FORMAT:
        yield recipe.finding("GG006", version, f"there is no recipe format {version.text!r}")
    name = recipe.top.get("ComponentName")
    if name is not None and name.text is not None and not _NAME.fullmatch(name.text) and not _placeholders(name.text):
        yield recipe.finding(
            "GG101",
            name,
            f"{name.text!r} is no component name",
            "use 1 to 128 letters, digits, '.', '_' and '-', such as com.example.app",
        )
    number = recipe.top.get("ComponentVersion")
    if (
        number is not None
        and number.text is not None
        and not _placeholders(number.text)
        and (not _VERSION.fullmatch(number.text) or len(number.text) > _LONGEST_VERSION)
    ):
        yield recipe.finding("GG102", number, f"{number.text!r} is no semantic version")
    kind = recipe.top.get("ComponentType")
    if kind is not None and kind.text is not None and kind.text not in _TYPES:
        yield recipe.finding(
            "GG103", kind, f"there is no component type {kind.text!r}", did_you_mean(kind.text, list(_TYPES))
        )
    size = len(recipe.text.encode())
    if size > MAXIMUM_BYTES:
        yield recipe.finding("GG007", recipe.top, f"the recipe has {size} bytes, and {MAXIMUM_BYTES} is the most")


def check_placeholders(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the findings about placeholders that were not filled in."""
    del settings
    for node in recipe.top.texts():
        for found in _placeholders(str(node.value)):
            yield recipe.finding_in_text("GG008", node, found, f"the placeholder {found} is left over", _remedy(recipe))
    for key in _keys(recipe.top):
        for found in _placeholders(str(key.path[-1])):
            yield recipe.finding("GG008", key, f"the placeholder {found} is left over", _remedy(recipe))


def _remedy(recipe: RecipeText) -> str:
    if recipe.in_gdk_project:
        return "write the value itself: the GDK does not fill it in"
    return "write the value itself; the GDK's own are filled in where gdk-config.json is beside the recipe"


def _placeholders(text: str) -> list[str]:
    shell = {match.span() for match in _SHELL.finditer(text)}
    return [
        match[0]
        for match in _PLACEHOLDER.finditer(text)
        if not any(start <= match.start() and match.end() <= end for start, end in shell)
    ]


def _keys(node: Node) -> Iterator[Node]:
    for _, inner in node.items():
        yield inner
        yield from _keys(inner)
    for inner in node.each():
        yield from _keys(inner)
