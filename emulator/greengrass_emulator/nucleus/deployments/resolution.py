"""From the root components of every target to one version of each component (DependencyResolver.java).

Hard and soft dependencies are both resolved into the deployment. The exact versions that several targets name are
intersected: two that differ fail it (DefaultDeploymentTask.java:305-326).
"""

from collections.abc import Mapping
from typing import Protocol

import nodesemver

from greengrass_emulator.nucleus.errors import DeploymentFailed
from greengrass_emulator.nucleus.recipes.component import Component
from greengrass_emulator.nucleus.runtimes import Runtime

BUILT_IN = frozenset({"aws.greengrass.Nucleus", "aws.greengrass.NucleusLite", "aws.greengrass.TokenExchangeService"})
"""Components that stand for the nucleus itself."""
_MOST_ROUNDS = 1_000


class Candidates(Protocol):
    """A source of versions: the device's own store, or the cloud."""

    async def candidate(self, name: str, requirements: Mapping[str, str]) -> Component:
        """Return the best version that meets every requirement (by who requires it). Raises DeploymentFailed."""


def satisfies(version: str, requirement: str) -> bool:
    """Return whether a version is in an npm range. Raises DeploymentFailed for an invalid range."""
    if nodesemver.valid_range(requirement, False) is None:
        raise DeploymentFailed(
            f"{requirement!r} is not a version requirement. Give an npm range in the recipe, such as ^1.0.0.",
            "COMPONENT_DEPENDENCY_NOT_VALID",
        )
    return bool(nodesemver.satisfies(version, requirement, loose=False))


async def resolve(
    targets: Mapping[str, Mapping[str, str]], candidates: Candidates, runtime: Runtime
) -> dict[str, Component]:
    """Return every component that the targets' roots need, roots first, in the order in which they are named."""
    requirements: dict[str, dict[str, str]] = {}
    for target, roots in targets.items():
        for name, version in roots.items():
            requirements.setdefault(name, {})[target] = f"={version}"
    chosen: dict[str, Component] = {}
    open_names = list(requirements)
    for _ in range(_MOST_ROUNDS):
        if not open_names:
            break
        name = open_names.pop(0)
        if name in BUILT_IN:
            _check_built_in(name, requirements[name], runtime)
            continue
        component = await candidates.candidate(name, requirements[name])
        old = chosen.get(name)
        chosen[name] = component
        if old is not None:
            for dependency in old.dependencies:
                requirements.get(dependency, {}).pop(name, None)
        for dependency, details in component.dependencies.items():
            wanted = requirements.setdefault(dependency, {})
            wanted[name] = details.requirement
            # An invalid range is an error, whatever versions there are.
            satisfies("0.0.0", details.requirement)
            there = chosen.get(dependency)
            if dependency not in open_names and (there is None or not satisfies(there.version, details.requirement)):
                open_names.append(dependency)
    else:
        raise DeploymentFailed(
            "the dependencies' versions could not be settled. Loosen the version requirements of their recipes.",
            "COMPONENT_VERSION_REQUIREMENTS_NOT_MET",
        )
    reachable = _reachable({name for roots in targets.values() for name in roots}, chosen)
    _refuse_cycles(reachable)
    return reachable


def _check_built_in(name: str, requirements: Mapping[str, str], runtime: Runtime) -> None:
    if name != runtime.nucleus_component:
        return
    for who, requirement in requirements.items():
        if not satisfies(runtime.version, requirement):
            raise DeploymentFailed(
                f"{who} wants {name} {requirement}; this device runs {runtime.version}. "
                "An emulated nucleus does not update itself: loosen the requirement.",
                "COMPONENT_VERSION_REQUIREMENTS_NOT_MET",
            )


def _reachable(roots: set[str], chosen: Mapping[str, Component]) -> dict[str, Component]:
    seen: dict[str, None] = {}
    waiting = [name for name in chosen if name in roots]
    while waiting:
        name = waiting.pop(0)
        if name in seen or name not in chosen:
            continue
        seen[name] = None
        waiting.extend(chosen[name].dependencies)
    return {name: chosen[name] for name in seen}


def _refuse_cycles(components: Mapping[str, Component]) -> None:
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            raise DeploymentFailed(
                f"components depend on each other in a circle: {' -> '.join((*way[way.index(name) :], name))}. "
                "Take one of these dependencies out.",
                "COMPONENT_CIRCULAR_DEPENDENCY_ERROR",
            )
        if name in done or name not in components:
            return
        for dependency in components[name].dependencies:
            visit(dependency, (*way, name))
        done.add(name)

    for name in components:
        visit(name, ())
