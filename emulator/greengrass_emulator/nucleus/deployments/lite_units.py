"""The unit files of lite's components, as far as they decide what systemd does. They outlive the nucleus.

A component has a run unit, and maybe an install unit and a bootstrap unit. Each runs one version. A deployment
overwrites only the units of its recipe's steps: an earlier version's install unit stays, and is run again.
(recipe2unit; ggdeploymentd/src/stale_component.c, ``disable_and_unlink_service``.)
"""

from dataclasses import dataclass

from greengrass_emulator.nucleus.recipes.component import Component
from greengrass_emulator.nucleus.state import StateFile, Unit


@dataclass(frozen=True, slots=True)
class LiteUnits:
    """The units by component, saved in the nucleus's state."""

    memory: StateFile

    def write(self, component: Component) -> None:
        """Write a recipe's units. This does not change whether systemd knows the run unit."""
        units, steps = self.memory.state.units, component.lifecycle.steps
        before = units.get(component.name, Unit(version=component.version))
        units[component.name] = Unit(
            version=component.version,
            is_linked=before.is_linked,
            install=component.version if "install" in steps else before.install,
            bootstrap=component.version if "bootstrap" in steps else before.bootstrap,
        )
        self.memory.write()

    def of(self, name: str) -> Unit:
        return self.memory.state.units[name]

    def link(self, name: str, is_linked: bool) -> None:
        """Link the run unit, so that systemd starts it, also at the device's start; or unlink it."""
        self.of(name).is_linked = is_linked
        self.memory.write()

    def remove(self, name: str) -> None:
        self.memory.state.units.pop(name, None)
        self.memory.changed()
