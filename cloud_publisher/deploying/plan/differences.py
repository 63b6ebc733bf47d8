"""What a deployment would change on its target, component by component and key by key. Pure."""

import json
from collections.abc import Mapping

from cloud_publisher.deploying.content.comparing import reduced_component, reduced_settings
from cloud_publisher.deploying.deployment import DeployedComponent, DeploymentContent
from shared_schema.json_value import JsonObject, JsonValue, json_pointer, leaves
from shared_schema.plan import ComponentChange, ValueChange

UNKNOWN_DIGEST = "A" * 43
"""Placeholder (32 bytes of 0) for the model digest of a model that is not built yet."""
_KNOWN_LATER = "known once it is built"


def component_changes(
    before: DeploymentContent | None, after: DeploymentContent, *, kept: Mapping[str, str]
) -> list[ComponentChange]:
    """Return the change of each component, by name. ``kept`` says why a component outside the release stays."""
    old, new = before.components if before else {}, after.components
    return [_change(name, old.get(name), new.get(name), kept.get(name)) for name in sorted(old.keys() | new.keys())]


def setting_changes(before: DeploymentContent | None, after: DeploymentContent) -> list[ValueChange]:
    """Return what changes in the deployment itself: policies, rollout, name. Empty where there was no deployment."""
    return changed_leaves(reduced_settings(before), reduced_settings(after)) if before else []


def changed_leaves(before: JsonObject, after: JsonObject) -> list[ValueChange]:
    """Return every leaf that differs, with its JSON pointer, in the documents' order; a list counts as one leaf."""
    old, new = _leaf_texts(before), _leaf_texts(after)
    return [
        ValueChange(pointer=pointer, before=old.get(pointer), after=new.get(pointer))
        for pointer in dict.fromkeys([*old, *new])
        if old.get(pointer) != new.get(pointer)
    ]


def _leaf_texts(document: JsonObject) -> dict[str, str]:
    return {
        json_pointer(path): json.dumps(leaf, ensure_ascii=False, sort_keys=True)
        for path, leaf in leaves(document)
        if leaf is not None and leaf != {}
    }


def _change(
    name: str, old: DeployedComponent | None, new: DeployedComponent | None, kept: str | None
) -> ComponentChange:
    versions = {"before": old.version if old else None, "after": new.version if new else None}
    if new is None:
        return ComponentChange(name=name, change="removed", words="may be removed: --allow-removal", **versions)
    changes = [_known(leaf) for leaf in changed_leaves(_configuration(old), _configuration(new))]
    if old is None:
        return ComponentChange(name=name, change="added", configuration=changes, **versions)
    if kept is not None and reduced_component(old) == reduced_component(new):
        return ComponentChange(name=name, change="kept", words=kept, **versions)
    changed = bool(changes) or old.version != new.version
    return ComponentChange(
        name=name, change="changed" if changed else "unchanged", configuration=changes, words=kept, **versions
    )


def _configuration(component: DeployedComponent | None) -> JsonObject:
    """Return one document of a component: its merged configuration, and its other settings beside it."""
    if component is None:
        return {}
    document = reduced_component(component)
    merge: JsonValue = document.get("merge")
    beside = {f"({key})": document[key] for key in ("reset", "runWith") if document.get(key)}
    return {**(merge if isinstance(merge, dict) else {}), **beside}


def _known(leaf: ValueChange) -> ValueChange:
    if leaf.after is None or UNKNOWN_DIGEST not in leaf.after:
        return leaf
    return leaf.model_copy(update={"after": leaf.after.replace(UNKNOWN_DIGEST, _KNOWN_LATER)})
