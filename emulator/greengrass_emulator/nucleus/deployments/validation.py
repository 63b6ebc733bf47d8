"""Components validate their next configuration before they get it (DynamicComponentConfigurationValidator.java).

The nucleus asks the running, subscribed components whose configuration changes while their version does not. If it asks
one, it waits for *every* component whose configuration changes and version does not, also for those that never
subscribed: that ends in a time-out.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.errors import DeploymentFailed

_log = logging.getLogger(__name__)

Listener = Callable[[JsonObject, str], None]
"""Called with the proposed configuration and the deployment's id."""
_CODE = "COMPONENT_CONFIGURATION_NOT_VALID"


@dataclass(slots=True)
class _Round:
    deployment_id: str
    waiting: set[str]
    rejections: dict[str, str] = field(default_factory=dict)
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class ConfigurationValidation:
    """The subscribers, and the validation that is under way."""

    def __init__(self) -> None:
        self._listeners: dict[str, Listener] = {}
        self._round: _Round | None = None

    def subscribe(self, component: str, listener: Listener) -> Callable[[], None]:
        """Register a listener; return the function that ends it.

        A component's second listener is ignored while the first is open, and closing the first removes the listener
        (ConfigStoreIPCEventStreamAgent.java:486-551).
        """
        self._listeners.setdefault(component, listener)

        def end() -> None:
            if self._listeners.get(component) is listener:
                del self._listeners[component]

        return end

    def report(self, component: str, deployment_id: str, accepted: bool, message: str) -> bool:
        """Take a component's answer. Return False if no answer is awaited."""
        current = self._round
        if current is None or current.deployment_id != deployment_id or component not in current.waiting:
            return False
        current.waiting.discard(component)
        if not accepted:
            current.rejections[component] = message
            current.settled.set()
        elif not current.waiting:
            current.settled.set()
        return True

    async def check(
        self, deployment_id: str, changed: Mapping[str, JsonObject], running: frozenset[str], timeout: float
    ) -> None:
        """Validate each changed configuration. Raises DeploymentFailed for a rejection, or after the time-out."""
        asked = [name for name in changed if name in self._listeners and name in running]
        if not asked:
            return
        current = self._round = _Round(deployment_id, set(changed))
        try:
            for name in asked:
                self._listeners[name](changed[name], deployment_id)
            _log.info("components are asked to validate", extra={"components": asked, "timeout": timeout})
            async with asyncio.timeout(timeout):
                await current.settled.wait()
        except TimeoutError as error:
            raise DeploymentFailed(
                f"Timed out after {timeout:g} s while waiting for components to validate their configuration: "
                f"{', '.join(sorted(current.waiting))}. A component that never subscribes is waited for as well, "
                "if its configuration changes in the deployment of one that does.",
                _CODE,
            ) from error
        finally:
            self._round = None
        if current.rejections:
            reasons = "; ".join(f"{{ name = {name}, message = {why} }}" for name, why in current.rejections.items())
            raise DeploymentFailed(
                f"Components reported that their to-be-deployed configuration is invalid: {reasons}", _CODE
            )
