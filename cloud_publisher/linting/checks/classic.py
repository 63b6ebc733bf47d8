"""Lifecycles on the classic nucleus: variables that sudo removes, and numbers that always count as changed.

Source: docs/greengrass-facts.md, "Other users and sudo", "What restarts a component"; sudo's env.c,
``initial_badenv_table``, which ``sudo -V`` of root lists.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from cloud_publisher.linting.recipe_text import Node, RecipeText
from cloud_publisher.linting.settings import LITE_RUNTIME, Runtime, Settings, runtime_of
from shared_schema.diagnostics import Diagnostic

TAKEN_BY_SUDO = (
    *("PYTHONPATH", "PYTHONHOME", "PYTHONINSPECT", "PYTHONUSERBASE", "LD_*", "_RLD*", "JAVA_TOOL_OPTIONS"),
    *("PERLIO_DEBUG", "PERLLIB", "PERL5LIB", "PERL5OPT", "PERL5DB", "RUBYLIB", "RUBYOPT"),
    *("ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "GLOBIGNORE", "PS4", "IFS", "CDPATH", "FPATH"),
    *("NULLCMD", "READNULLCMD", "ZDOTDIR", "TMPPREFIX", "TERMINFO", "TERMINFO_DIRS", "TERMPATH", "TERMCAP"),
    *("LOCALDOMAIN", "RES_OPTIONS", "HOSTALIASES", "NLSPATH", "PATH_LOCALE"),
)
"""Names of variables; ``*`` stands for any text."""
_SET_BY_SUDO = {"PATH": "sudo's own secure_path", "HOME": "the user's own"}


def check_classic(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the findings about every lifecycle that a classic nucleus may run."""
    if settings.runtime is Runtime.LITE:
        return
    for manifest in recipe.manifests():
        lifecycle = manifest.get("Lifecycle")
        if lifecycle is not None and runtime_of(manifest) != LITE_RUNTIME:
            yield from _below(recipe, lifecycle)
    shared = recipe.top.get("Lifecycle")
    if shared is not None:
        yield from _below(recipe, shared)


def _below(recipe: RecipeText, section: Node) -> Iterator[Diagnostic]:
    """A lifecycle, a step, or a part of one that a manifest selects."""
    for name, node in section.items():
        if name.lower() == "setenv":
            yield from _environment(recipe, node)
        elif name.lower() == "timeout" and _is_number(node):
            yield recipe.finding("GG510", node, f"{name} is a number", f'write "{node.value}"')
        else:
            yield from _below(recipe, node)


def _environment(recipe: RecipeText, environment: Node) -> Iterator[Diagnostic]:
    for name, value in environment.items():
        if _is_number(value):
            yield recipe.finding("GG510", value, f"the variable {name} is a number", f'write "{value.value}"')
        if any(fnmatchcase(name, each) for each in TAKEN_BY_SUDO):
            yield recipe.finding("GG511", value, f"the variable {name} does not reach a step that another user runs")
        elif name in _SET_BY_SUDO:
            what = f"a step that another user runs has {_SET_BY_SUDO[name]} in place of this {name}"
            yield recipe.finding("GG511", value, what)


def _is_number(node: Node) -> bool:
    return isinstance(node.value, int | float) and not isinstance(node.value, bool)
