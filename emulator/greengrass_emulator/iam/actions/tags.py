"""A request's tags, as the condition keys ``aws:RequestTag/KEY`` and ``aws:TagKeys``."""

from collections.abc import Mapping
from typing import Any

from greengrass_emulator.iam.actions.operations import Operation


def request_tags(operation: Operation) -> dict[str, str]:
    """Read tags from a map, a list of ``Key`` and ``Value``, or a query's ``Tags.member.1.Key``."""
    given: Any = operation.parameters.get("tags", operation.parameters.get("Tags"))
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items()}
    if isinstance(given, list):
        pairs = [each for each in given if isinstance(each, Mapping)]
        return {
            str(each.get("Key", each.get("TagKey"))): str(each.get("Value", each.get("TagValue", ""))) for each in pairs
        }
    keys = {name: value for name, value in operation.parameters.items() if name.startswith("Tags.member.")}
    return {
        str(value): str(keys.get(f"{name.removesuffix('Key')}Value", ""))
        for name, value in keys.items()
        if name.endswith(".Key")
    }


def tag_context(tags: Mapping[str, str], removed: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Return the condition keys of the tags that are set, and of the tag keys that are removed."""
    names = (*tags, *removed)
    if not names:
        return {}
    return {f"aws:requesttag/{key.lower()}": (value,) for key, value in tags.items()} | {"aws:tagkeys": names}
