"""A recipe as its author wrote it: keys in any case, YAML or JSON, valid or not, with the position of each value.

Unlike ``shared_schema.recipe`` it also holds an invalid recipe, so that all its faults can be shown at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cloud_publisher.linting.rules import RULES
from shared_schema.diagnostics import Diagnostic, DocumentPath
from shared_schema.documents.positions import Position, Positions
from shared_schema.documents.reading import place_at
from shared_schema.json_value import JsonValue


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the recipe, and the path to it."""

    value: JsonValue
    path: DocumentPath = ()

    def get(self, key: str) -> "Node | None":
        """Return the value of a key in any case; None if there is none, if it is ``null``, or if this is no mapping."""
        if not isinstance(self.value, dict):
            return None
        for name, inner in self.value.items():
            if str(name).lower() == key.lower() and inner is not None:
                return Node(inner, (*self.path, str(name)))
        return None

    def items(self) -> Iterator[tuple[str, "Node"]]:
        """Return the keys and values of a mapping; nothing for any other value."""
        if isinstance(self.value, dict):
            for name, inner in self.value.items():
                yield str(name), Node(inner, (*self.path, str(name)))

    def each(self) -> Iterator["Node"]:
        """Return the items of a list; nothing for any other value."""
        if isinstance(self.value, list):
            for index, inner in enumerate(self.value):
                yield Node(inner, (*self.path, index))

    @property
    def text(self) -> str | None:
        """The value if it is text, else None."""
        return self.value if isinstance(self.value, str) else None

    def texts(self) -> Iterator["Node"]:
        """Yield every text in the value, keys not counted."""
        yield from (each for each in self.scalars() if isinstance(each.value, str))

    def scalars(self) -> Iterator["Node"]:
        """Yield everything in the value that is neither mapping nor list."""
        if not isinstance(self.value, dict | list):
            yield self
        for _, inner in self.items():
            yield from inner.scalars()
        for inner in self.each():
            yield from inner.scalars()

    @property
    def kind(self) -> str:
        """The value's type in words."""
        kinds = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
        return kinds.get(type(self.value), "a number")


@dataclass(frozen=True, slots=True)
class RecipeText:
    """One recipe: ``file`` as findings name it, its text, its parsed top, and the positions of all in it."""

    file: str
    text: str
    top: Node
    positions: Positions
    in_gdk_project: bool = False
    """Whether the recipe is in a GDK project, whose build fills in the GDK's placeholders."""
    _lines: list[str] = field(default_factory=list)

    @property
    def name(self) -> str | None:
        """``ComponentName``."""
        found = self.top.get("ComponentName")
        return found.text if found else None

    @property
    def version(self) -> str | None:
        """``ComponentVersion``."""
        found = self.top.get("ComponentVersion")
        return found.text if found else None

    def dependencies(self) -> Iterator[tuple[str, Node]]:
        """The component's dependencies by name."""
        found = self.top.get("ComponentDependencies")
        return found.items() if found else iter(())

    def manifests(self) -> list[Node]:
        """Its manifests, those that are mappings."""
        found = self.top.get("Manifests")
        return [each for each in found.each() if isinstance(each.value, dict)] if found else []

    def lifecycles(self) -> Iterator[tuple[Node, list[Node]]]:
        """Each lifecycle with the artifacts that its scripts may use; for the global one, those of all manifests."""
        everything: list[Node] = []
        for manifest in self.manifests():
            listed = manifest.get("Artifacts")
            artifacts = list(listed.each()) if listed else []
            everything += artifacts
            lifecycle = manifest.get("Lifecycle")
            if lifecycle is not None:
                yield lifecycle, artifacts
        shared = self.top.get("Lifecycle")
        if shared is not None:
            yield shared, everything

    def finding(self, code: str, node: Node, problem: str, remedy: str = "", *, key: str | None = None) -> Diagnostic:
        """Return a finding at a value, or at its missing ``key``. ``remedy`` replaces the rule's."""
        path = node.path if key is None else (*node.path, key)
        return RULES[code].diagnostic(place_at(self.file, self.positions.of(path), path), problem, remedy)

    def finding_in_text(self, code: str, node: Node, found: str, problem: str, remedy: str = "") -> Diagnostic:
        """Return a finding at the place of ``found`` in a text: in a text of several lines, at its own line."""
        return RULES[code].diagnostic(place_at(self.file, self._place(node, found), node.path), problem, remedy)

    def _place(self, node: Node, found: str) -> Position:
        start = self.positions.values.get(node.path) or self.positions.of(node.path)
        if not self._lines:
            self._lines.extend(self.text.splitlines() or [""])
        inside = str(node.value).count("\n") + 1
        for number in range(start.line, min(start.line + inside, len(self._lines)) + 1):
            after = start.column - 1 if number == start.line else 0
            column = self._lines[number - 1].find(found, after)
            if column >= 0:
                return Position(number, column + 1)
        return start
