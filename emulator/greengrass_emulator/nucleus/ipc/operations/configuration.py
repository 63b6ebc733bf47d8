"""Operations that read, change and subscribe to configurations.

A component may read and subscribe to another's; it may update only its own (ConfigStoreIPCEventStreamAgent.java).
"""

from dataclasses import dataclass
from typing import Any

from greengrass_emulator.nucleus.configuration.changes import KeyPath, differences, leaves, merged
from greengrass_emulator.nucleus.configuration.lite_writes import lite_writes
from greengrass_emulator.nucleus.configuration.spelling import respelled
from greengrass_emulator.nucleus.configuration.store import ConfigurationStore
from greengrass_emulator.nucleus.errors import LeafRefused
from greengrass_emulator.nucleus.ipc.answers import (
    FailedUpdateConditionCheckError,
    InvalidArgumentsError,
    ResourceNotFoundError,
    ServiceError,
)
from greengrass_emulator.nucleus.ipc.connection import Answer, Handler, Stream
from greengrass_emulator.nucleus.lite_sizes import fault_of_reading, fault_of_write
from greengrass_emulator.nucleus.runtimes import Runtime

_NOT_BY_COMPONENTS = "accessControl"


@dataclass(frozen=True, slots=True)
class ConfigurationOperations:
    """GetConfiguration, UpdateConfiguration and SubscribeToConfigurationUpdate."""

    store: ConfigurationStore
    runtime: Runtime

    def handlers(self) -> dict[str, Handler]:
        return {
            "GetConfiguration": self._get,
            "UpdateConfiguration": self._update,
            "SubscribeToConfigurationUpdate": self._subscribe,
        }

    async def _get(self, stream: Stream, request: dict[str, Any]) -> Answer:
        component, path = _component(stream, request), _path(request)
        try:
            value = self.store.read(component, path)
        except KeyError as error:
            raise _not_found(component, path) from error
        if self.runtime.largest_text is not None:
            for leaf in leaves({"": value}):
                if isinstance(leaf.value, str) and len(leaf.value.encode()) > self.runtime.largest_text:
                    raise ServiceError("a text is too long for lite's buffer")
        if self.runtime.has_fixed_buffers and (fault := fault_of_reading(value)) is not None:
            raise ServiceError(fault)
        # A single value is answered as an object with its key.
        answered = value if isinstance(value, dict) or not path else {self.store.spelled(component, path)[-1]: value}
        return Answer({"componentName": component, "value": answered})

    async def _update(self, stream: Stream, request: dict[str, Any]) -> Answer:
        path, value, said_at = _path(request), request.get("valueToMerge"), request.get("timestamp")
        if not isinstance(said_at, int | float) or isinstance(said_at, bool):
            raise InvalidArgumentsError("timestamp is missing, or no number of seconds")
        if value is None:
            raise InvalidArgumentsError("valueToMerge is missing")
        if self.runtime.has_fixed_buffers and (fault := fault_of_write(stream.component, value, path)) is not None:
            raise ServiceError(fault)
        # A component has the machine's clock; on a real device components and nucleus have the same.
        said_at = self.store.clock.of_component(said_at)
        for key in reversed(path):
            value = {key: value}
        if not isinstance(value, dict):
            raise InvalidArgumentsError("valueToMerge is not an object, and no keyPath says where it goes")
        if _NOT_BY_COMPONENTS in value:
            raise InvalidArgumentsError(f"Config update is not allowed for following fields [{_NOT_BY_COMPONENTS}]")
        await self._write(stream.component, value, said_at)
        if self.runtime.refuses_older_updates and self.store.changed_at(stream.component, path) > said_at:
            raise FailedUpdateConditionCheckError(
                "Proposed timestamp is older than the config's latest modified timestamp"
            )
        return Answer()

    async def _write(self, component: str, value: dict[str, Any], said_at: float) -> None:
        current = self.store.of(component)
        if not self.runtime.replaces_values_by_objects:
            try:
                writes = lite_writes(current, value, said_at, lambda leaf: self.store.written_at(component, leaf))
                await self.store.apply(component, writes, said_at)
            except LeafRefused as refused:
                raise ServiceError(str(refused)) from refused
            return
        # A value that was written after this request's timestamp stays (ConfigStoreIPCEventStreamAgent.java).
        changes = [
            each
            for each in differences(current, merged(current, respelled(value, current)))
            if self.store.changed_at(component, each.path) <= said_at
        ]
        await self.store.apply(component, changes, said_at)

    async def _subscribe(self, stream: Stream, request: dict[str, Any]) -> Answer:
        component, path = _component(stream, request), _path(request)

        def tell(changed: str, key_path: KeyPath) -> None:
            event = {"componentName": changed, "keyPath": list(key_path)}
            stream.send_event("aws.greengrass#ConfigurationUpdateEvents", {"configurationUpdateEvent": event})

        try:
            stream.on_close.append(self.store.subscribe(component, path, tell))
        except KeyError as error:
            raise _not_found(component, path) from error
        return Answer(stays_open=True)


def _component(stream: Stream, request: dict[str, Any]) -> str:
    return str(request.get("componentName") or stream.component)


def _path(request: dict[str, Any]) -> KeyPath:
    path = request.get("keyPath") or []
    if not isinstance(path, list) or not all(isinstance(key, str) for key in path):
        raise InvalidArgumentsError("keyPath is not a list of texts")
    return tuple(path)


def _not_found(component: str, path: KeyPath) -> ResourceNotFoundError:
    return ResourceNotFoundError(
        f"Key not found: /{'/'.join(path)} of {component}", resourceType="configuration", resourceName=component
    )
