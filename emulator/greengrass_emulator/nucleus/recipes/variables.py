"""Filling in a recipe's variables, as each runtime does (KernelConfigResolver.java:66-140; lite's recipe-runner).

Classic leaves an unknown variable as it is. Lite cuts the script there and runs the part before.
"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from greengrass_emulator.json_value import JsonObject, JsonValue, key_path, value_at
from greengrass_emulator.nucleus.recipes.component import Lifecycle, Step
from greengrass_emulator.nucleus.runtimes import Runtime

_log = logging.getLogger(__name__)

_CLASSIC_VARIABLE = re.compile(r"\{(?:([.\w-]+):)?([.\w-]+):(/?[^:{}]*)\}")
_LITE_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another component's version and configuration, which variables may refer to."""

    name: str
    version: str
    configuration: JsonObject


@dataclass(frozen=True, slots=True)
class Variables:
    """The values of a component's variables. ``neighbours`` are its direct dependencies."""

    runtime: Runtime
    root: Path
    thing: str
    own: Neighbour
    neighbours: Mapping[str, Neighbour] = field(default_factory=dict)

    def fill_lifecycle(self, lifecycle: Lifecycle) -> Lifecycle:
        """Return the lifecycle as it is run. On lite the environment becomes ``export`` lines of the script."""
        if self.runtime.cuts_scripts_at_unknown_variables:
            return Lifecycle({name: self._lite_step(step, lifecycle) for name, step in lifecycle.steps.items()}, {})
        return Lifecycle(
            {
                name: replace(
                    step,
                    script=self.fill(step.script),
                    environment={key: self.fill(value) for key, value in step.environment.items()},
                    skip_if=None if step.skip_if is None else self.fill(step.skip_if),
                )
                for name, step in lifecycle.steps.items()
            },
            {key: self.fill(value) for key, value in lifecycle.environment.items()},
            lifecycle.numbers,
        )

    def fill(self, text: str) -> str:
        """Return a text with its known variables filled in, as classic does. Unknown ones stay, and are logged."""

        def found(match: re.Match[str]) -> str:
            other, space, key = match.groups()
            about = self.own if other is None else self.neighbours.get(other)
            value = None if about is None else self._value(about, space, key)
            if value is None:
                _log.error(
                    "a recipe's variable is unknown and stays as it is",
                    extra={"component": self.own.name, "variable": match.group(0)},
                )
                return match.group(0)
            return value

        return _CLASSIC_VARIABLE.sub(found, text)

    def fill_configuration(self, configuration: JsonObject) -> JsonObject:
        """Return a configuration with its texts filled in. Used if ``interpolateComponentConfiguration`` is set."""
        return {key: self._filled(value) for key, value in configuration.items()}

    def _filled(self, value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return self.fill_configuration(value)
        if isinstance(value, list):
            return [self._filled(part) for part in value]
        return self.fill(value) if isinstance(value, str) else value

    def _lite_step(self, step: Step, lifecycle: Lifecycle) -> Step:
        text = "".join(
            f"export {key}={value}\n" for key, value in (*lifecycle.environment.items(), *step.environment.items())
        )
        return Step(self._cut(text + step.script), step.timeout, {}, None, step.privileged)

    def _cut(self, script: str) -> str:
        written: list[str] = []
        rest = script
        while "{" in rest:
            before, _, rest = rest.partition("{")
            written.append(before)
            name, end, rest = rest.partition("}")
            space, colon, key = name.partition(":")
            value = self._value(self.own, space, key) if end and colon and len(name) <= _LITE_LONGEST else None
            if value is None:
                _log.error(
                    "a script is cut at a variable that lite does not know",
                    extra={"component": self.own.name, "variable": "{" + name + end},
                )
                return "".join(written)
            written.append(value)
        return "".join((*written, rest))

    def _value(self, about: Neighbour, space: str, key: str) -> str | None:
        slash = "/" if self.runtime.folders_end_with_slash else ""
        packages = self.root / "packages"
        fixed = {
            ("kernel", "rootPath"): f"{self.root}",
            ("iot", "thingName"): self.thing,
            ("work", "path"): f"{self.root / 'work' / about.name}{slash}",
            ("artifacts", "path"): f"{packages / 'artifacts' / about.name / about.version}{slash}",
            (
                "artifacts",
                "decompressedPath",
            ): f"{packages / 'artifacts-unarchived' / about.name / about.version}{slash}",
        }
        if (space, key) in fixed:
            return fixed[(space, key)]
        if space != "configuration":
            return None
        try:
            value = value_at(about.configuration, key_path(key))
        except KeyError:
            return None
        return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
