"""The position of each value in a YAML or JSON text, from the marks on PyYAML's nodes.

JSON is read in the same way, since YAML 1.2's flow style includes all of JSON that our documents use.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from shared_schema.diagnostics import DocumentPath

# The C loader is five times as fast, and is missing if PyYAML was built without libyaml.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# Aliases of aliases can expand a page of YAML to gigabytes.
_MOST_VALUES = 200_000


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class RepeatedKey:
    """A key that is in a mapping twice: YAML parsers silently use the last one."""

    path: DocumentPath
    position: Position


@dataclass(frozen=True, slots=True)
class Positions:
    """The positions of all values and keys, and the repeated keys."""

    values: dict[DocumentPath, Position]
    keys: dict[DocumentPath, Position]
    repeated: tuple[RepeatedKey, ...]

    def of(self, path: DocumentPath) -> Position:
        """Return the position of a key or value, or of the nearest parent that is in the text."""
        while path:
            found = self.keys.get(path) or self.values.get(path)
            if found:
                return found
            path = path[:-1]
        return self.values.get((), Position(1, 1))


def load_with_positions(text: str) -> tuple[object, Positions]:
    """Return the document's value and its positions. The value is JSON, but for the dates that YAML knows.

    Raises ``yaml.YAMLError`` for text that is no YAML."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, Positions({}, {}, ())
        values: dict[DocumentPath, Position] = {}
        keys: dict[DocumentPath, Position] = {}
        repeated: list[RepeatedKey] = []
        _walk(node, (), values, keys, repeated, set())
        return loader.construct_document(node), Positions(values, keys, tuple(repeated))
    finally:
        loader.dispose()


def _walk(
    node: yaml.Node,
    path: DocumentPath,
    values: dict[DocumentPath, Position],
    keys: dict[DocumentPath, Position],
    repeated: list[RepeatedKey],
    open_nodes: set[int],
) -> None:
    values.setdefault(path, _position(node))
    if len(values) > _MOST_VALUES:
        raise yaml.constructor.ConstructorError(
            None, None, f"more than {_MOST_VALUES} values once its aliases are unfolded", node.start_mark
        )
    if id(node) in open_nodes:
        # An alias to one of its own parents.
        raise yaml.constructor.ConstructorError(None, None, "a value that contains itself", node.start_mark)
    open_nodes.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in seen:
                repeated.append(RepeatedKey((*path, key), _position(key_node)))
            seen.add(key)
            keys[(*path, key)] = _position(key_node)
            _walk(value_node, (*path, key), values, keys, repeated, open_nodes)
    elif isinstance(node, yaml.SequenceNode):
        for index, value_node in enumerate(node.value):
            _walk(value_node, (*path, index), values, keys, repeated, open_nodes)
    open_nodes.discard(id(node))


def _position(node: yaml.Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)
