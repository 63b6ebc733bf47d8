"""The running configuration of every component: reads, changes leaf by leaf, and subscriptions.

It writes no file: ``state.py`` does. All runs on the nucleus's event loop, which runs other tasks between two leaves,
so that a reader can see a document half written, as on a device (DeploymentActivator.java:99-105).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace

from greengrass_emulator.json_value import JsonObject, JsonPath, JsonValue, json_pointer, value_at
from greengrass_emulator.nucleus.clock import DeviceClock
from greengrass_emulator.nucleus.configuration.changes import Change, Removed, Written, as_it_stands, put
from greengrass_emulator.nucleus.runtimes import Runtime

Subscriber = Callable[[str, JsonPath], None]
"""Is called with the component and the path of a leaf that changed."""


@dataclass(frozen=True, slots=True, eq=False)
class _Subscription:
    component: str
    path: JsonPath
    subscriber: Subscriber


class ConfigurationStore:
    """Configurations by component, and when each leaf was written, by JSON pointer: both are changed in place.

    ``changed`` is called after each change, so that it is saved.
    """

    def __init__(
        self,
        runtime: Runtime,
        clock: DeviceClock,
        values: dict[str, JsonObject],
        times: dict[str, dict[str, float]],
        changed: Callable[[], None],
    ) -> None:
        self._runtime = runtime
        self.clock = clock
        self._values = values
        self._times = times
        self._changed = changed
        self._subscriptions: list[_Subscription] = []
        self.listeners: list[Subscriber] = []
        """Called for every change of every component."""

    def components(self) -> frozenset[str]:
        return frozenset(self._values)

    def of(self, component: str) -> JsonObject:
        """Return a copy of a component's configuration, empty if it has none."""
        return deepcopy(self._values.get(component, {}))

    def look_at(self, component: str) -> JsonObject:
        """Return a component's configuration itself, not a copy: the caller neither keeps nor changes it."""
        return self._values.get(component, {})

    def read(self, component: str, path: JsonPath) -> JsonValue:
        """Return a copy of the value under a path. Raises KeyError for a missing component or key."""
        if component not in self._values:
            raise KeyError(component)
        return deepcopy(value_at(self._values[component], self.spelled(component, path)))

    def spelled(self, component: str, path: JsonPath) -> JsonPath:
        """Return the path with its keys as stored: classic finds them in any case."""
        if self._runtime.configuration_keys_by_case:
            return path
        return as_it_stands(self._values.get(component, {}), path)

    def changed_at(self, component: str, path: JsonPath) -> float:
        """Return when anything at, below or above a path was last written, in seconds since 1970; 0 for nothing.

        It outlives the nucleus, as classic's config.tlog has a time with each value (ConfigurationWriter.java).
        """
        wanted = json_pointer(self.spelled(component, path)) + "/"
        return max(
            (
                at
                for leaf, at in self._times.get(component, {}).items()
                if (leaf + "/").startswith(wanted) or wanted.startswith(leaf + "/")
            ),
            default=0.0,
        )

    def written_at(self, component: str, leaf: JsonPath) -> float:
        """Return when this leaf was last written, in seconds since 1970; 0 if there is none."""
        return self._times.get(component, {}).get(json_pointer(leaf), 0.0)

    async def apply(self, component: str, changes: Iterable[Change], at: float | None = None) -> None:
        """Make each change, notify its subscribers if the value differs, and let other tasks run before the next.

        ``at`` is the values' time, in seconds since 1970; default: now.
        """
        values = self._values.setdefault(component, {})
        written_at = self.clock.now() if at is None else at
        times = self._times.setdefault(component, {})
        for written in changes:
            change = replace(written, path=self.spelled(component, written.path))
            pointer = json_pointer(change.path)
            for known in [each for each in times if (each + "/").startswith(pointer + "/")]:
                del times[known]
            times[pointer] = written_at
            if isinstance(change, Removed):
                self._remove(component, values, change.path)
            elif not change.path:
                continue
            else:
                is_news = not _stands(values, change)
                put(values, change.path, deepcopy(change.value))
                if is_news:
                    self._notify(component, change.path)
            self._changed()
            await asyncio.sleep(0)

    def times_of(self, component: str) -> dict[str, float]:
        """Return when each leaf was written, by JSON pointer."""
        return dict(self._times.get(component, {}))

    def put_times_back(self, component: str, times: Mapping[str, float]) -> None:
        """Restore the leaves' times after their old values were restored."""
        self._times[component] = dict(times)
        self._changed()

    def restore(self, component: str) -> None:
        """Make an empty configuration for a new component."""
        self._values.setdefault(component, {})

    def drop(self, component: str) -> None:
        """Remove a component that is no longer on the device, with its subscriptions."""
        self._values.pop(component, None)
        self._times.pop(component, None)
        self._subscriptions = [each for each in self._subscriptions if each.component != component]
        self._changed()

    def subscribe(self, component: str, path: JsonPath, subscriber: Subscriber) -> Callable[[], None]:
        """Call ``subscriber`` for each changed leaf under ``path``; return the function that ends the subscription.

        Raises KeyError for a missing component or key: neither nucleus accepts a subscription to it.
        """
        self.read(component, path)
        subscription = _Subscription(component, self.spelled(component, path), subscriber)
        self._subscriptions.append(subscription)

        def end() -> None:
            self._subscriptions = [each for each in self._subscriptions if each is not subscription]

        return end

    def forget_subscribers(self) -> None:
        """Drop all subscriptions without a word to the subscribers, as a restart of ggconfigd does."""
        self._subscriptions.clear()

    def _remove(self, component: str, values: JsonObject, path: JsonPath) -> None:
        try:
            value_at(values, path)
        except KeyError:
            return
        if path:
            parent = value_at(values, path[:-1])
            if isinstance(parent, dict):
                del parent[path[-1]]
        else:
            values.clear()
        if self._runtime.removal_is_an_event:
            self._notify(component, path)
        if self._runtime.removal_ends_subscriptions:
            self._subscriptions = [
                each for each in self._subscriptions if each.component != component or each.path[: len(path)] != path
            ]

    def _notify(self, component: str, path: JsonPath) -> None:
        for listener in self.listeners:
            listener(component, path)
        for each in tuple(self._subscriptions):
            # A change above the subscribed path changes it as well.
            if each.component == component and path[: len(each.path)] == each.path[: len(path)]:
                each.subscriber(component, path)


def _stands(values: JsonObject, written: Written) -> bool:
    try:
        return bool(value_at(values, written.path) == written.value)
    except KeyError:
        return False
