"""Unknown keys, missing keys, and values of a wrong type, by the recipe reference.

Lifecycles have rules of their own (lifecycles.py), and a platform may have attributes that a device defines.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cloud_publisher.linting.recipe_text import Node, RecipeText
from cloud_publisher.linting.settings import Settings
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents.reading import did_you_mean


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value must be: ``text``, ``mapping``, ``list`` or ``any``, and the shapes below it."""

    kind: str
    keys: Mapping[str, "Shape"] = field(default_factory=dict)
    """The keys of a mapping in their canonical spelling; empty if any key is valid."""
    required: tuple[str, ...] = ()
    inner: "Shape | None" = None
    """The shape of a list's items, or of the values of a mapping with any keys."""


TEXT, ANY = Shape("text"), Shape("any")
_ARTIFACT = Shape(
    "mapping",
    {
        "Uri": TEXT,
        "Unarchive": TEXT,
        "Permission": Shape("mapping", {"Read": TEXT, "Execute": TEXT}),
        "Digest": TEXT,
        "Algorithm": TEXT,
    },
    required=("Uri",),
)
_MANIFEST = Shape(
    "mapping",
    {
        "Name": TEXT,
        "Platform": Shape("mapping"),
        "Lifecycle": Shape("mapping"),
        "Selections": Shape("list", inner=TEXT),
        "Artifacts": Shape("list", inner=_ARTIFACT),
    },
)
_DEPENDENCY = Shape("mapping", {"VersionRequirement": TEXT, "DependencyType": TEXT}, required=("VersionRequirement",))
RECIPE = Shape(
    "mapping",
    {
        "RecipeFormatVersion": TEXT,
        "ComponentName": TEXT,
        "ComponentVersion": TEXT,
        "ComponentDescription": TEXT,
        "ComponentPublisher": TEXT,
        "ComponentType": TEXT,
        "ComponentSource": TEXT,
        "ComponentConfiguration": Shape("mapping", {"DefaultConfiguration": Shape("mapping")}),
        "ComponentDependencies": Shape("mapping", inner=_DEPENDENCY),
        "Manifests": Shape("list", inner=_MANIFEST),
        "Lifecycle": Shape("mapping"),
    },
    required=("RecipeFormatVersion", "ComponentName", "ComponentVersion", "Manifests"),
)
_STEP_KEYS = ("Script", "RequiresPrivilege", "Skipif", "Timeout", "Setenv", "BootstrapOnRollback")
_STEPS = ("bootstrap", "install", "run", "startup", "shutdown", "recover", "uninstall", "Setenv")
_PLATFORM = ("os", "architecture", "runtime")
_TYPES: dict[str, type[object]] = {"mapping": dict, "list": list, "text": str}
_WORDS = {"mapping": "a mapping of keys to values", "list": "a list", "text": "text"}


def check_keys(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the places where the recipe differs from the reference's shape."""
    del settings
    yield from _check(recipe, recipe.top, RECIPE)


def check_case(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the keys that nucleus lite does not find, since it compares keys by case."""
    if settings.runtime != "lite":
        return
    for path, canonical in _spelled(recipe.top, RECIPE):
        yield recipe.finding("GG009", path, f"lite does not find {path.path[-1]!r}", f"write it {canonical}")


def _check(recipe: RecipeText, node: Node, shape: Shape) -> Iterator[Diagnostic]:
    if shape.kind == "any":
        return
    if not isinstance(node.value, _TYPES[shape.kind]):
        hint = "put quotes around it" if shape.kind == "text" and not isinstance(node.value, dict | list) else ""
        yield recipe.finding(
            "GG005",
            node,
            f"this is {node.kind}, and {_WORDS[shape.kind]} is asked for",
            hint or f"write {_WORDS[shape.kind]}",
        )
        return
    known = {key.lower(): key for key in shape.keys}
    for name, inner in node.items():
        below = shape.keys.get(known.get(name.lower(), "")) if shape.keys else shape.inner
        if shape.keys and name.lower() not in known:
            yield recipe.finding("GG003", inner, f"there is no key {name!r} here", did_you_mean(name, list(shape.keys)))
        elif below is not None and (inner.value is not None or below is not TEXT):
            yield from _check(recipe, inner, below)
    for name in shape.required:
        if node.get(name) is None:
            yield recipe.finding("GG004", node, f"the key {name!r} is missing", f"add {name!r} here", key=name)
    for inner in node.each():
        if shape.inner is not None:
            yield from _check(recipe, inner, shape.inner)


def _spelled(node: Node, shape: Shape) -> Iterator[tuple[Node, str]]:
    """Yield each key that is not spelled canonically, with its canonical spelling."""
    known = {key.lower(): key for key in shape.keys}
    for name, inner in node.items():
        canonical = known.get(name.lower())
        if canonical is not None and canonical != name:
            yield inner, canonical
        below = shape.keys.get(canonical or "") if shape.keys else shape.inner
        if canonical == "Lifecycle":
            yield from _spelled_lifecycle(inner)
        elif canonical == "Platform":
            yield from _spelled(inner, Shape("mapping", dict.fromkeys(_PLATFORM, TEXT)))
        elif below is not None:
            yield from _spelled(inner, below)
    for inner in node.each():
        if shape.inner is not None:
            yield from _spelled(inner, shape.inner)


def _spelled_lifecycle(lifecycle: Node) -> Iterator[tuple[Node, str]]:
    step = Shape("mapping", dict.fromkeys(_STEP_KEYS, ANY))
    yield from _spelled(lifecycle, Shape("mapping", {name: ANY if name == "Setenv" else step for name in _STEPS}))
