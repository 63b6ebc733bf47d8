"""Lifecycles: unknown steps, empty steps, and both ``run`` and ``startup``.

A manifest may select parts of the recipe's global lifecycle by name, so there such names may be among the steps.
Source: AWS's recipe reference, Lifecycle; docs/greengrass-facts.md, "Lifecycle sections", "Run and startup".
"""

import re
from collections.abc import Iterator

from cloud_publisher.linting.recipe_text import Node, RecipeText
from cloud_publisher.linting.settings import Settings
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents.reading import did_you_mean

STEPS = ("bootstrap", "install", "run", "startup", "shutdown", "recover", "uninstall")
_IN_A_STEP = ("Script", "RequiresPrivilege", "Skipif", "Timeout", "Setenv")
_SKIP_IF = re.compile(r"\s*(onpath|exists)\s+\S.*", re.DOTALL | re.IGNORECASE)
_ALWAYS_SELECTED = {"all"}


def check_lifecycles(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the findings about each manifest's lifecycle, and the global one."""
    del settings
    for manifest in recipe.manifests():
        lifecycle = manifest.get("Lifecycle")
        if lifecycle is not None:
            yield from _lifecycle(recipe, lifecycle, frozenset())
    shared = recipe.top.get("Lifecycle")
    chosen = {str(node.value): node for node in _selections(recipe)}
    if shared is not None:
        yield from _lifecycle(recipe, shared, frozenset(chosen) | _ALWAYS_SELECTED)
    there = set(_keys_below(shared)) if shared is not None else set()
    for name, node in chosen.items():
        if name not in there | _ALWAYS_SELECTED:
            yield recipe.finding("GG509", node, f"the global lifecycle has no part {name!r}")


def steps_of(lifecycle: Node) -> Iterator[tuple[str, Node]]:
    """Return the known steps of a lifecycle, by their canonical names."""
    for name, step in lifecycle.items():
        if name.lower() in STEPS and step.value is not None:
            yield name.lower(), step


def script_of(step: Node) -> Node | None:
    """Return the script of a step, written as a text or as a mapping."""
    return step if step.text is not None else step.get("Script")


def _lifecycle(recipe: RecipeText, lifecycle: Node, selections: frozenset[str]) -> Iterator[Diagnostic]:
    for name, step in lifecycle.items():
        if name.lower() in STEPS:
            yield from _step(recipe, name.lower(), step, selections)
        elif name in selections:
            yield from _lifecycle(recipe, step, selections)
        elif name.lower() == "setenv":
            yield from _environment(recipe, step)
        else:
            yield recipe.finding(
                "GG501", step, f"there is no lifecycle step {name!r}", did_you_mean(name, [*STEPS, "Setenv"])
            )
    run, startup = lifecycle.get("run"), lifecycle.get("startup")
    if run is not None and startup is not None:
        yield recipe.finding("GG502", startup, "there is run, and startup too")


def _step(recipe: RecipeText, name: str, step: Node, selections: frozenset[str]) -> Iterator[Diagnostic]:
    if not isinstance(step.value, dict):
        if step.value is not None and step.text is None:
            yield recipe.finding(
                "GG005", step, f"this is {step.kind}, and a script is asked for", "write the script as text"
            )
        elif not (step.text or "").strip():
            yield recipe.finding("GG504", step, f"{name} has no script", f"write the script, or take {name} out")
        return
    known = [*_IN_A_STEP, *(("BootstrapOnRollback",) if name == "bootstrap" else ())]
    lower = {key.lower() for key in known}
    selected = False
    for key, value in step.items():
        if key in selections:
            selected = True
            yield from _step(recipe, name, value, selections)
        elif key.lower() not in lower:
            yield recipe.finding("GG508", value, f"there is no key {key!r} in a step", did_you_mean(key, known))
    script = step.get("Script")
    if script is None and not selected:
        yield recipe.finding("GG504", step, f"{name} has no Script")
    elif script is not None and not (script.text or "").strip():
        yield recipe.finding(
            "GG504", script, f"the Script of {name} is {'empty' if script.text is not None else script.kind}"
        )
    yield from _values(recipe, step)


def _values(recipe: RecipeText, step: Node) -> Iterator[Diagnostic]:
    timeout = step.get("Timeout")
    if timeout is not None and not _is_variable(timeout):
        text = str(timeout.value)
        if isinstance(timeout.value, bool) or not text.isdigit() or int(text) == 0:
            yield recipe.finding(
                "GG505", timeout, f"{text!r} is no time-out", "write a whole number of seconds above 0"
            )
    for key in ("RequiresPrivilege", "BootstrapOnRollback"):
        flag = step.get(key)
        if flag is not None and not _is_variable(flag) and str(flag.value).lower() not in {"true", "false"}:
            yield recipe.finding("GG506", flag, f"{flag.value!r} is neither true nor false")
    skip = step.get("Skipif")
    if skip is not None and not (skip.text is not None and (_SKIP_IF.fullmatch(skip.text) or _is_variable(skip))):
        yield recipe.finding(
            "GG507",
            skip,
            f"{skip.value!r} is no condition that a nucleus knows",
            "write `onpath PROGRAM` or `exists PATH`",
        )
    environment = step.get("Setenv")
    if environment is not None:
        yield from _environment(recipe, environment)


def _environment(recipe: RecipeText, environment: Node) -> Iterator[Diagnostic]:
    if environment.value is not None and not isinstance(environment.value, dict):
        yield recipe.finding(
            "GG005", environment, f"Setenv is {environment.kind}", "write a mapping of names to values"
        )
    for name, value in environment.items():
        if isinstance(value.value, dict | list):
            yield recipe.finding("GG005", value, f"the variable {name} is {value.kind}", "write text")


def _is_variable(node: Node) -> bool:
    return node.text is not None and node.text.startswith("{") and node.text.endswith("}")


def _selections(recipe: RecipeText) -> Iterator[Node]:
    for manifest in recipe.manifests():
        listed = manifest.get("Selections")
        if listed is not None:
            yield from (each for each in listed.each() if each.text is not None)


def _keys_below(node: Node) -> Iterator[str]:
    for name, inner in node.items():
        yield name
        yield from _keys_below(inner)
