"""Which part of a recipe's global lifecycle a manifest selects. The two nuclei differ.

Sources: classic, config/PlatformResolver.java (filterPlatform) and componentmanager/converter/RecipeLoader.java
(collectAllSelectors); lite, ggl-recipe/src/recipe.c (lifecycle_selection). Both were observed: oracles' R38 to R41.
"""

from collections.abc import Mapping, Sequence

from greengrass_emulator.json_value import JsonValue

ALL = "all"
_OF_LITE = frozenset({ALL, "linux"})


def selected_by_classic(shared: JsonValue, selections: Sequence[str], every_selection: frozenset[str]) -> JsonValue:
    """Return the lifecycle, with each part that has selections replaced by the first selected one, else ``all``.

    ``every_selection`` has the selections of all manifests. A key that no manifest selects is a step, at any depth.
    """
    if not isinstance(shared, Mapping):
        return shared
    keywords = every_selection | {ALL}
    if not keywords.isdisjoint(shared):
        part = next((shared[each] for each in (*selections, ALL) if shared.get(each) is not None), None)
        return selected_by_classic(part, selections, every_selection)
    filtered = {key: selected_by_classic(value, selections, every_selection) for key, value in shared.items()}
    return {key: value for key, value in filtered.items() if value is not None}


def selected_by_lite(shared: JsonValue, selections: Sequence[str]) -> JsonValue:
    """Return the section ``all`` or ``linux``, whichever is selected last. Lite ignores every other selection.

    Without any selection it is ``all``. None if there is no such section: steps outside a section are never chosen.
    """
    if not isinstance(shared, Mapping):
        return None
    chosen = None
    for each in selections or [ALL]:
        if each in _OF_LITE and each in shared:
            chosen = shared[each]
    return chosen
