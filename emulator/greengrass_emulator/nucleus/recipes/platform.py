"""The device's platform, and whether a manifest matches it.

Sources: AWS's component recipe reference; docs/greengrass-facts.md, "Platforms and manifests".
"""

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass

from greengrass_emulator.json_value import JsonValue
from greengrass_emulator.nucleus.runtimes import Runtime

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "aarch64", "arm64": "aarch64", "i686": "x86"}


@dataclass(frozen=True, slots=True)
class Platform:
    """A device's platform, with Greengrass's names."""

    os: str
    architecture: str

    @classmethod
    def here(cls) -> "Platform":
        machine = platform.machine().lower()
        architecture = _ARCHITECTURES.get(machine, "arm" if machine.startswith("arm") else machine)
        return cls(os=platform.system().lower(), architecture=architecture)

    def matches(self, wanted: Mapping[str, JsonValue], runtime: Runtime) -> bool:
        """Return whether a manifest with this ``Platform`` is for this device under this runtime.

        Lite takes only manifests that name a runtime. Classic also takes those without one, but none that names lite: a
        key that the device lacks does not match (docs/greengrass-facts.md, "Platforms and manifests").
        """
        named = wanted.get("runtime")
        if named not in {"*", runtime.fleet_name} and (runtime.wants_runtime_in_platform or named is not None):
            return False
        return _fits(wanted.get("os"), self.os) and _fits(wanted.get("architecture"), self.architecture)


def _fits(wanted: JsonValue, here: str) -> bool:
    if wanted is None or wanted in {"*", "all", "any"}:
        return True
    text = str(wanted)
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return re.fullmatch(text[1:-1], here) is not None
    return text == here
