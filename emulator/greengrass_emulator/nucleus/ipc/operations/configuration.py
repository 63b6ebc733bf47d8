"""Operations that read, change and subscribe to configurations.

A component may read and subscribe to another's; it may update only its own (ConfigStoreIPCEventStreamAgent.java).
"""

from dataclasses import dataclass

from greengrass_emulator.json_value import JsonObject, JsonPath, leaves
from greengrass_emulator.nucleus.configuration.changes import differences, merged, respelled
from greengrass_emulator.nucleus.configuration.lite_writes import lite_writes
from greengrass_emulator.nucleus.configuration.store import ConfigurationStore
from greengrass_emulator.nucleus.errors import LeafRefused
from greengrass_emulator.nucleus.ipc.answers import (
    FailedUpdateConditionCheckError,
    InvalidArgumentsError,
    ResourceNotFoundError,
    ServiceError,
    texts_in,
)
from greengrass_emulator.nucleus.ipc.streams import Answer, Handler, Stream
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

    async def _get(self, stream: Stream, request: JsonObject) -> Answer:
        component, path = _component(stream, request), _path(request)
        try:
            value = self.store.read(component, path)
        except KeyError as error:
            raise _not_found(component, path) from error
        if self.runtime.largest_text is not None:
            for _, leaf in leaves(value):
                if isinstance(leaf, str) and len(leaf.encode()) > self.runtime.largest_text:
                    raise ServiceError("a text is too long for lite's buffer")
        if self.runtime.has_fixed_buffers and (fault := fault_of_reading(value)) is not None:
            raise ServiceError(fault)
        # A single value is answered as an object with its key.
        if path and not isinstance(value, dict):
            value = {self.store.spelled(component, path)[-1]: value}
        return Answer({"componentName": component, "value": value})

    async def _update(self, stream: Stream, request: JsonObject) -> Answer:
        path, value, written_at = _path(request), request.get("valueToMerge"), request.get("timestamp")
        if not isinstance(written_at, int | float) or isinstance(written_at, bool):
            raise InvalidArgumentsError("timestamp is missing, or no number of seconds")
        if value is None:
            raise InvalidArgumentsError("valueToMerge is missing")
        if self.runtime.has_fixed_buffers and (fault := fault_of_write(stream.component, value, path)) is not None:
            raise ServiceError(fault)
        # A component has the machine's clock; on a real device components and nucleus have the same.
        written_at = self.store.clock.of_component(written_at)
        for key in reversed(path):
            value = {key: value}
        if not isinstance(value, dict):
            raise InvalidArgumentsError("valueToMerge is not an object, and no keyPath says where it goes")
        if _NOT_BY_COMPONENTS in value:
            raise InvalidArgumentsError(f"Config update is not allowed for following fields [{_NOT_BY_COMPONENTS}]")
        await self._write(stream.component, value, written_at)
        if self.runtime.refuses_older_updates and self.store.changed_at(stream.component, path) > written_at:
            raise FailedUpdateConditionCheckError(
                "Proposed timestamp is older than the config's latest modified timestamp"
            )
        return Answer()

    async def _write(self, component: str, value: JsonObject, written_at: float) -> None:
        current = self.store.of(component)
        if not self.runtime.replaces_values_by_objects:
            try:
                writes = lite_writes(current, value, written_at, lambda leaf: self.store.written_at(component, leaf))
                await self.store.apply(component, writes, written_at)
            except LeafRefused as refused:
                raise ServiceError(str(refused)) from refused
            return
        # A value that was written after this request's timestamp stays (ConfigStoreIPCEventStreamAgent.java).
        changes = [
            each
            for each in differences(current, merged(current, respelled(value, current)))
            if self.store.changed_at(component, each.path) <= written_at
        ]
        await self.store.apply(component, changes, written_at)

    async def _subscribe(self, stream: Stream, request: JsonObject) -> Answer:
        component, path = _component(stream, request), _path(request)

        def notify(changed: str, key_path: JsonPath) -> None:
            event: JsonObject = {"componentName": changed, "keyPath": [*key_path]}
            stream.send_event("aws.greengrass#ConfigurationUpdateEvents", {"configurationUpdateEvent": event})

        try:
            stream.on_close.append(self.store.subscribe(component, path, notify))
        except KeyError as error:
            raise _not_found(component, path) from error
        return Answer(stays_open=True)


def _component(stream: Stream, request: JsonObject) -> str:
    return str(request.get("componentName") or stream.component)


def _path(request: JsonObject) -> JsonPath:
    return texts_in(request, "keyPath")


def _not_found(component: str, path: JsonPath) -> ResourceNotFoundError:
    return ResourceNotFoundError(
        f"Key not found: /{'/'.join(path)} of {component}", resourceType="configuration", resourceName=component
    )
