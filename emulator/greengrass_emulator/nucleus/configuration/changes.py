"""From one configuration to the next, as a list of single changes: nuclei write leaf by leaf.

Pure. A reader may see a change set half applied, in this order.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from greengrass_emulator.nucleus.configuration.spelling import as_it_stands, respelled

KeyPath = tuple[str, ...]
Configuration = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """A leaf gets a value."""

    path: KeyPath
    value: Any


@dataclass(frozen=True, slots=True)
class Removed:
    """A leaf, or everything below a key, goes."""

    path: KeyPath


Change = Written | Removed


def key_path(pointer: str) -> KeyPath:
    """Return the keys of a JSON pointer (RFC 6901). ``""`` is the whole document."""
    if not pointer or pointer == "/":
        return ()
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/"))


def pointer_of(path: KeyPath) -> str:
    """Return the JSON pointer of some keys: the inverse of ``key_path``."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def value_at(configuration: Any, path: Sequence[str]) -> Any:
    """Return the value under a path. Raises KeyError if there is none."""
    found = configuration
    for key in path:
        if not isinstance(found, Mapping) or key not in found:
            raise KeyError("/" + "/".join(path))
        found = found[key]
    return found


def leaves(value: Any, at: KeyPath = ()) -> Iterator[Written]:
    """Yield every leaf below a value. Lists, and objects without keys, are leaves."""
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from leaves(part, (*at, str(key)))
    elif not (isinstance(value, Mapping) and not at):
        yield Written(at, deepcopy(value))


def merged(below: Any, above: Any) -> Any:
    """``above`` laid over ``below``: objects key by key, everything else replaced."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        result = {key: deepcopy(value) for key, value in below.items()}
        for key, value in above.items():
            result[key] = merged(result[key], value) if key in result else deepcopy(value)
        return result
    return deepcopy(above)


def without(configuration: Configuration, path: KeyPath) -> Configuration:
    """Return the configuration without what is under ``path``. A missing path changes nothing."""
    if not path:
        return {}
    result = deepcopy(configuration)
    parent: Any = result
    for key in path[:-1]:
        parent = parent.get(key) if isinstance(parent, dict) else None
    if isinstance(parent, dict):
        parent.pop(path[-1], None)
    return result


def _never(_path: KeyPath) -> bool:
    return False


def resolved(
    running: Configuration,
    reset: Sequence[str],
    defaults: Configuration,
    merge: Configuration,
    is_younger: Callable[[KeyPath], bool] = _never,
) -> Configuration:
    """Return a component's configuration after a deployment, by classic's rules.

    It starts from the running values, removes the ``reset`` pointers, adds the recipe's defaults where a value is
    missing, and lays ``merge`` over it (KernelConfigResolver.java:340-395).

    A leaf that ``is_younger`` than the deployment keeps
    its value: it was written since (Topic.java, withNewerValue; DefaultActivator.java: with the deployment's time).
    Keys that differ only in case are one.
    """
    result = running
    for pointer in reset:
        result = without(result, as_it_stands(result, key_path(pointer)))
    defaults = respelled(defaults, result)
    wanted: Configuration = {}
    for leaf in leaves(respelled(merge, merged(defaults, result))):
        if not (_stands(result, leaf.path) and is_younger(leaf.path)):
            put(wanted, leaf.path, leaf.value)
    return dict(merged(merged(defaults, result), wanted))


def _stands(configuration: Configuration, path: KeyPath) -> bool:
    try:
        value_at(configuration, path)
    except KeyError:
        return False
    return True


def differences(old: Any, new: Any, at: KeyPath = ()) -> Iterator[Change]:
    """Return the changes from ``old`` to ``new``, leaf by leaf: at each level first the writes, then the removals."""
    if isinstance(old, Mapping) and isinstance(new, Mapping) and (new or not at):
        for key, value in new.items():
            if key not in old:
                yield from leaves(value, (*at, key))
            elif old[key] != value:
                yield from differences(old[key], value, (*at, key))
        yield from (Removed((*at, key)) for key in old if key not in new)
    elif isinstance(old, Mapping) != isinstance(new, Mapping):
        yield Removed(at)
        yield from leaves(new, at)
    elif old != new:
        yield from leaves(new, at)


def put(configuration: Configuration, path: KeyPath, value: Any) -> None:
    """Write one leaf in place. A leaf that is in the way of an object is replaced."""
    parent = configuration
    for key in path[:-1]:
        below = parent.get(key)
        if not isinstance(below, dict):
            below = {}
            parent[key] = below
        parent = below
    parent[path[-1]] = value


def texts_of(value: Any) -> Any:
    """Return the value with numbers and booleans as texts, as lite reads a YAML default configuration."""
    if isinstance(value, Mapping):
        return {key: texts_of(part) for key, part in value.items()}
    if isinstance(value, list):
        return [texts_of(part) for part in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value
