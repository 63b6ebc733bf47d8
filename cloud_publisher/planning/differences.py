"""What a deployment would change on its target, component by component and key by key. Pure."""

from collections.abc import Mapping
from typing import Any

from cloud_publisher.deploying.comparing import reduced
from cloud_publisher.deploying.deployment import DeploymentContent
from cloud_publisher.planning.leaves import changed_leaves
from shared_schema.plan import ComponentChange, ValueChange

EMPTY = DeploymentContent({})
UNKNOWN_DIGEST = "A" * 43
"""Placeholder (32 bytes of 0) for the model digest of a model that is not built yet."""
_KNOWN_LATER = "known once it is built"


def component_changes(
    before: DeploymentContent | None, after: DeploymentContent, *, kept: Mapping[str, str]
) -> list[ComponentChange]:
    """Return the change of each component, by name. ``kept`` says why a component outside the release stays."""
    old, new = reduced(before or EMPTY)["components"], reduced(after)["components"]
    return [_change(name, old.get(name), new.get(name), kept.get(name)) for name in sorted(old.keys() | new.keys())]


def setting_changes(before: DeploymentContent | None, after: DeploymentContent) -> list[ValueChange]:
    """Return what changes in the deployment itself: policies, rollout, name. Empty where there was no deployment."""
    if before is None:
        return []
    return changed_leaves(_settings(before), _settings(after))


def _change(
    name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, kept: str | None
) -> ComponentChange:
    versions = {"before": old["version"] if old else None, "after": new["version"] if new else None}
    if new is None:
        return ComponentChange(name=name, change="removed", words="may be removed: --allow-removal", **versions)
    leaves = [_known(leaf) for leaf in changed_leaves(_configuration(old), _configuration(new))]
    if old is None:
        return ComponentChange(name=name, change="added", configuration=leaves, **versions)
    if kept is not None and old == new:
        return ComponentChange(name=name, change="kept", words=kept, **versions)
    changed = bool(leaves) or old["version"] != new["version"]
    return ComponentChange(
        name=name, change="changed" if changed else "unchanged", configuration=leaves, words=kept, **versions
    )


def _configuration(component: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return one document of a component: its merged configuration, and its other settings beside it."""
    if component is None:
        return {}
    merge = component.get("merge")
    whole = dict(merge) if isinstance(merge, Mapping) else {}
    beside = {f"({key})": component[key] for key in ("reset", "runWith") if component.get(key)}
    return {**whole, **beside}


def _known(leaf: ValueChange) -> ValueChange:
    if leaf.after is None or UNKNOWN_DIGEST not in leaf.after:
        return leaf
    return leaf.model_copy(update={"after": leaf.after.replace(UNKNOWN_DIGEST, _KNOWN_LATER)})


def _settings(content: DeploymentContent) -> dict[str, Any]:
    document = reduced(content)
    return {key: document[key] for key in ("name", "parent", "policies", "job") if document.get(key)}
