"""The position of each value in a YAML or JSON text, from the marks on PyYAML's nodes.

JSON is read in the same way, since YAML 1.2's flow style includes all of JSON that our documents use.
"""

from dataclasses import dataclass
from typing import Any

import yaml

Way = tuple[str | int, ...]
"""The path to a value: keys and list indices from the document's top."""

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
class DoubledKey:
    """A key that is in a mapping twice: YAML parsers silently use the last one."""

    path: Way
    position: Position


@dataclass(frozen=True, slots=True)
class Positions:
    """The positions of all values and keys, and the doubled keys."""

    values: dict[Way, Position]
    keys: dict[Way, Position]
    doubled: tuple[DoubledKey, ...]

    def of(self, path: Way) -> Position:
        """Return the position of a key or value, or of the nearest parent that is in the text."""
        while path:
            found = self.keys.get(path) or self.values.get(path)
            if found:
                return found
            path = path[:-1]
        return self.values.get((), Position(1, 1))


def load_with_positions(text: str) -> tuple[Any, Positions]:
    """Return the document's value and its positions. Raises ``yaml.YAMLError`` for text that is no YAML."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, Positions({}, {}, ())
        values: dict[Way, Position] = {}
        keys: dict[Way, Position] = {}
        doubled: list[DoubledKey] = []
        _walk(node, (), values, keys, doubled, set())
        return loader.construct_document(node), Positions(values, keys, tuple(doubled))
    finally:
        loader.dispose()


def _walk(
    node: yaml.Node,
    path: Way,
    values: dict[Way, Position],
    keys: dict[Way, Position],
    doubled: list[DoubledKey],
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
                doubled.append(DoubledKey((*path, key), _position(key_node)))
            seen.add(key)
            keys[(*path, key)] = _position(key_node)
            _walk(value_node, (*path, key), values, keys, doubled, open_nodes)
    elif isinstance(node, yaml.SequenceNode):
        for index, value_node in enumerate(node.value):
            _walk(value_node, (*path, index), values, keys, doubled, open_nodes)
    open_nodes.discard(id(node))


def _position(node: yaml.Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)
