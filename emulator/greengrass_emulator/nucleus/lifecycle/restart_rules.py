"""Whether a deployment, or a change of configuration, restarts or reinstalls a component that stays.

Classic checks each changed leaf, and every key above it, in any case, the component's own configuration included
(GenericExternalService.java:116-156; Node.childOf, config/Node.java:173). Lite's rule is in ``deployments/lite.py``.
"""

from collections.abc import Iterator, Sequence

from greengrass_emulator.json_value import JsonObject, JsonPath, JsonValue, leaves
from greengrass_emulator.nucleus.lifecycle.states import LifecycleRequest
from greengrass_emulator.nucleus.lifecycle.steps import Plan
from greengrass_emulator.nucleus.recipes.component import Component, Lifecycle, Step

_PASSED_OVER = "shutdown"
_REINSTALLS = frozenset({"install", "version"})
_USER, _LIMITS = "runwith", "systemresourcelimits"
_RESTARTS = frozenset({"lifecycle", "setenv"})


def request_for_key_path(path: Sequence[str]) -> LifecycleRequest | None:
    """Return the request for a changed leaf, whose path begins with the component's name; None if there is none."""
    keys = {key.lower() for key in path}
    if _PASSED_OVER in keys:
        return None
    if keys & _REINSTALLS or (_USER in keys and _LIMITS not in keys):
        return LifecycleRequest.REINSTALL
    return LifecycleRequest.RESTART if keys & _RESTARTS else None


def request_for_deployment(old: Plan, new: Plan) -> LifecycleRequest | None:
    """Return classic's request for a component in a new deployment, apart from its configuration's changes.

    Variables are filled in: a text counts as changed if they change it. A number counts as changed if one of the two
    was read back from the nucleus's store, which returns another type (seen on 2.18.0).
    """
    if old.component.version != new.component.version or old.posix_user != new.posix_user:
        return LifecycleRequest.REINSTALL
    if old.lifecycle.steps.get("bootstrap") != new.lifecycle.steps.get("bootstrap"):
        return LifecycleRequest.REINSTALL
    requests = {request_for_key_path(path) for path in _changed(old, new)}
    if LifecycleRequest.REINSTALL in requests:
        return LifecycleRequest.REINSTALL
    return (
        LifecycleRequest.RESTART
        if LifecycleRequest.RESTART in requests or _adds_dependency(old.component, new.component)
        else None
    )


def _adds_dependency(old: Component, new: Component) -> bool:
    """Return whether there is a new dependency; a removed one has no effect (GreengrassService.java:779)."""
    return not new.dependencies.keys() <= old.dependencies.keys()


def _changed(old: Plan, new: Plan) -> Iterator[JsonPath]:
    before, after = _leaves(old.lifecycle), _leaves(new.lifecycle)
    numbers = (old.lifecycle.numbers, new.lifecycle.numbers)
    for path in before.keys() | after.keys():
        was_number, is_number = (path[1:] in each for each in numbers)
        retyped = was_number != is_number or (is_number and old.is_stored != new.is_stored)
        if before.get(path) != after.get(path) or retyped:
            yield path


def _leaves(lifecycle: Lifecycle) -> dict[JsonPath, JsonValue]:
    written: JsonObject = {name: _step(step) for name, step in lifecycle.steps.items()}
    if lifecycle.environment:
        written["setenv"] = dict(lifecycle.environment)
    return dict(leaves(written, ("lifecycle",))) if written else {}


def _step(step: Step) -> JsonObject:
    written: JsonObject = {"script": step.script, "requiresprivilege": step.privileged}
    if step.timeout is not None:
        written["timeout"] = step.timeout
    if step.skip_if is not None:
        written["skipif"] = step.skip_if
    if step.environment:
        written["setenv"] = dict(step.environment)
    return written
