"""From one configuration to the next, as a list of single changes: nuclei write leaf by leaf.

Pure. The order of a change set is the one in which a reader may see it half done.
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
    """The keys of a JSON pointer (RFC 6901). ``""`` is the whole document."""
    if not pointer or pointer == "/":
        return ()
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/"))


def pointer_of(path: KeyPath) -> str:
    """The JSON pointer of some keys: ``key_path`` the other way round."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def value_at(configuration: Any, path: Sequence[str]) -> Any:
    """The value under a path. Raises KeyError where there is none."""
    found = configuration
    for key in path:
        if not isinstance(found, Mapping) or key not in found:
            raise KeyError("/" + "/".join(path))
        found = found[key]
    return found


def leaves(value: Any, at: KeyPath = ()) -> Iterator[Written]:
    """Every leaf below a value. Lists, and objects without keys, are leaves."""
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
    """The configuration with nothing under ``path``. A path that is not there changes nothing."""
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
    """What a deployment makes of a configuration.

    Running values; then ``reset`` pointers removed; then the recipe's defaults where nothing stands; then ``merge``
    (KernelConfigResolver.java:340-395), but for leaves that stand and ``is_younger`` than the deployment: they were
    written since it was made (Topic.java, withNewerValue; DefaultActivator.java: with the deployment's time).
    It is classic's: keys that differ in case alone are one.
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
    """The single changes from ``old`` to ``new``: at each level first what is written, then what is removed."""
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
    """Write one leaf in place. A leaf that stands where an object is needed gives way."""
    parent = configuration
    for key in path[:-1]:
        below = parent.get(key)
        if not isinstance(below, dict):
            below = {}
            parent[key] = below
        parent = below
    parent[path[-1]] = value


def texts_of(value: Any) -> Any:
    """Numbers and booleans as their text: what lite makes of a YAML default configuration."""
    if isinstance(value, Mapping):
        return {key: texts_of(part) for key, part in value.items()}
    if isinstance(value, list):
        return [texts_of(part) for part in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value
