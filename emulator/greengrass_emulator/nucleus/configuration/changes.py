"""From one configuration to the next, as a list of single changes: nuclei write leaf by leaf.

Pure. A reader may see a change set half applied, in this order.

To classic, keys that differ only in case are one, spelled as first written (CaseInsensitiveString.java; Topics.java,
``children``). Lite's keys are compared by case.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

from greengrass_emulator.json_value import JsonObject, JsonPath, JsonValue, key_path, leaves, value_at


@dataclass(frozen=True, slots=True)
class Written:
    """A leaf gets a value."""

    path: JsonPath
    value: JsonValue


@dataclass(frozen=True, slots=True)
class Removed:
    """A leaf, or everything below a key, goes."""

    path: JsonPath


Change = Written | Removed


def writes(value: JsonValue, at: JsonPath = ()) -> Iterator[Written]:
    """Yield a write for every leaf of a value; nothing for a whole configuration without keys."""
    for path, leaf in leaves(value, at):
        if path or leaf != {}:
            yield Written(path, deepcopy(leaf))


def merged(below: JsonObject, above: JsonObject) -> JsonObject:
    """Return ``above`` laid over ``below``: objects key by key, everything else replaced."""
    result = deepcopy(below)
    for key, value in above.items():
        lower = result.get(key)
        result[key] = merged(lower, value) if isinstance(lower, dict) and isinstance(value, dict) else deepcopy(value)
    return result


def without(configuration: JsonObject, path: JsonPath) -> JsonObject:
    """Return the configuration without what is under ``path``. A missing path changes nothing."""
    if not path:
        return {}
    result = deepcopy(configuration)
    parent: JsonValue = result
    for key in path[:-1]:
        parent = parent.get(key) if isinstance(parent, dict) else None
    if isinstance(parent, dict):
        parent.pop(path[-1], None)
    return result


def _never(_path: JsonPath) -> bool:
    return False


def resolved(
    running: JsonObject,
    reset: Sequence[str],
    defaults: JsonObject,
    merge: JsonObject,
    is_younger: Callable[[JsonPath], bool] = _never,
) -> JsonObject:
    """Return a component's configuration after a deployment, by classic's rules.

    It starts from the running values, removes the ``reset`` pointers, adds the recipe's defaults where a value is
    missing, and lays ``merge`` over it (KernelConfigResolver.java:340-395).

    A leaf that ``is_younger`` than the deployment keeps its value: it was written since (Topic.java, withNewerValue;
    DefaultActivator.java: with the deployment's time).
    """
    result = running
    for pointer in reset:
        result = without(result, as_it_stands(result, key_path(pointer)))
    defaults = respelled(defaults, result)
    wanted: JsonObject = {}
    for leaf in writes(respelled(merge, merged(defaults, result))):
        if not (_stands(result, leaf.path) and is_younger(leaf.path)):
            put(wanted, leaf.path, leaf.value)
    return merged(merged(defaults, result), wanted)


def _stands(configuration: JsonObject, path: JsonPath) -> bool:
    try:
        value_at(configuration, path)
    except KeyError:
        return False
    return True


def differences(old: JsonValue, new: JsonValue, at: JsonPath = ()) -> Iterator[Change]:
    """Return the changes from ``old`` to ``new``, leaf by leaf: at each level first the writes, then the removals."""
    if isinstance(old, dict) and isinstance(new, dict) and (new or not at):
        for key, value in new.items():
            if key not in old:
                yield from writes(value, (*at, key))
            elif old[key] != value:
                yield from differences(old[key], value, (*at, key))
        yield from (Removed((*at, key)) for key in old if key not in new)
    elif isinstance(old, dict) != isinstance(new, dict):
        yield Removed(at)
        yield from writes(new, at)
    elif old != new:
        yield from writes(new, at)


def put(configuration: JsonObject, path: JsonPath, value: JsonValue) -> None:
    """Write one leaf in place. A leaf that is in the way of an object is replaced."""
    parent = configuration
    for key in path[:-1]:
        below = parent.get(key)
        if not isinstance(below, dict):
            below = {}
            parent[key] = below
        parent = below
    parent[path[-1]] = value


def as_it_stands(configuration: JsonValue, path: JsonPath) -> JsonPath:
    """Return a path with each existing key spelled as in the configuration."""
    spelled: tuple[str, ...] = ()
    for key in path:
        spelled = (*spelled, _spelled(key, configuration))
        configuration = configuration.get(spelled[-1]) if isinstance(configuration, dict) else None
    return spelled


def respelled(value: JsonObject, like: JsonValue) -> JsonObject:
    """Return an object with its keys as ``like`` spells them. Of keys that differ only in case, the last one counts."""
    result: JsonObject = {}
    for key, part in value.items():
        spelled = _spelled(_spelled(key, like), result)
        if not isinstance(part, dict):
            result[spelled] = part
            continue
        below = respelled(part, like.get(spelled) if isinstance(like, dict) else None)
        earlier = result.get(spelled)
        result[spelled] = earlier | respelled(below, earlier) if isinstance(earlier, dict) else below
    return result


def _spelled(key: str, configuration: JsonValue) -> str:
    if not isinstance(configuration, dict) or key in configuration:
        return key
    return next((each for each in configuration if each.lower() == key.lower()), key)
