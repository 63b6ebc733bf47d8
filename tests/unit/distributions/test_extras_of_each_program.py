"""Each program imports only what its own extra installs. deptry, in ``make lint``, sees all extras as one."""

import ast
import functools
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[3]
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
PRODUCT = {"cloud_publisher", "edge_agent", "shared_schema", "infra_policies", "rehearsal"}


def imports(source: str) -> Iterator[str]:
    """The top-level modules that this source imports when it runs, functions' own imports included."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).partition(".")[0]
        waiting.extend(ast.iter_child_nodes(node))


@functools.cache
def imported_by(*folders: str) -> set[str]:
    """The modules of other distributions that the sources of these folders import."""
    files = [file for folder in folders for file in (REPOSITORY / folder).rglob("*.py")]
    assert files
    siblings = {file.stem for file in files if not (file.parent / "__init__.py").exists()}
    found = {name for file in files for name in imports(file.read_text())}
    return found - set(sys.stdlib_module_names) - PRODUCT - siblings


@functools.cache
def installed_modules() -> Mapping[str, set[str]]:
    """The top-level modules by the distribution that brings them."""
    found: dict[str, set[str]] = {}
    for module, names in packages_distributions().items():
        for name in names:
            found.setdefault(canonicalize_name(name), set()).add(module)
    return found


def modules_of(requirement: str) -> set[str]:
    """The top-level modules that a requirement brings: as deptry is told, or as it is installed."""
    name = canonicalize_name(Requirement(requirement).name)
    told: dict[str, list[str]] = PYPROJECT["tool"]["deptry"]["package_module_name_map"]
    return set(told[name]) if name in told else installed_modules()[name]


def declared(*extras: str) -> set[str]:
    """The requirements of the product itself, and of these extras."""
    project = PYPROJECT["project"]
    return {*project["dependencies"], *(word for extra in extras for word in project["optional-dependencies"][extra])}


@pytest.mark.parametrize(
    ("extras", "folders", "others"),
    [
        ((), ("shared_schema", "infra_policies"), set()),
        (("publisher",), ("cloud_publisher",), set()),
        (("agent",), ("edge_agent",), set()),
        (("emulator",), ("rehearsal",), set()),
        # make_golden alone needs OpenCV, and a person runs it once: a build shall not install 60 MB for it.
        (("digits", "publisher"), ("model_components/digits",), {"cv2"}),
    ],
    ids=str,
)
def test_a_program_imports_only_what_its_extra_installs(
    extras: tuple[str, ...], folders: tuple[str, ...], others: set[str]
) -> None:
    there = {module for requirement in declared(*extras) for module in modules_of(requirement)}
    assert imported_by(*folders) - there == others


@pytest.mark.parametrize(
    ("extra", "folders"),
    [
        ("publisher", ("cloud_publisher",)),
        ("agent", ("edge_agent",)),
        ("emulator", ("rehearsal",)),
        ("digits", ("model_components/digits",)),
    ],
)
def test_an_extra_installs_nothing_that_its_program_does_not_import(extra: str, folders: tuple[str, ...]) -> None:
    imported = imported_by(*folders)
    requirements = PYPROJECT["project"]["optional-dependencies"][extra]
    assert [requirement for requirement in requirements if not modules_of(requirement) & imported] == []


def test_imports_are_found_in_functions_and_not_under_type_checking() -> None:
    source = """
if TYPE_CHECKING:
    import for_the_checker
else:
    import otherwise
import first.part, second
from . import beside
def later():
    from third.part import it
"""
    assert set(imports(source)) == {"otherwise", "first", "second", "third"}
