"""The model that serves under each name. A request leases a handle; a swap changes the handle that the next one gets.

Requests in flight end on the handle that they hold: it is closed when it is retired *and* nobody holds it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from edge_agent.inference.loaded_model import LoadedModel
from edge_agent.serving.meter import Meter


@dataclass(frozen=True, slots=True)
class Target:
    """One version of one model, as a desired state names it."""

    model: str
    component: str
    version: str
    digest: str
    release: str


@dataclass(slots=True, eq=False)
class Handle:
    """One opened model. ``leases`` and ``retired`` are only touched under the lock of `ServedModels`."""

    model: LoadedModel
    meter: Meter = field(default_factory=Meter)
    leases: int = 0
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """A model that serves: the target that it serves as, and its handle."""

    target: Target
    handle: Handle


class Lease:
    """A request's hold on one version of a model; a context manager."""

    __slots__ = ("_give_back", "served")

    def __init__(self, served: Served, give_back: Callable[[Handle], None]) -> None:
        self.served = served
        self._give_back = give_back

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back(self.served.handle)


class ServedModels:
    """The current and the previous version of each model. ``closing`` gets each model that nobody holds any more."""

    def __init__(self, closing: Callable[[LoadedModel], None]) -> None:
        # Taken by itself for every frame: the condition's own `with` costs two more Python calls.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._current: dict[str, Served] = {}
        self._previous: dict[str, Served] = {}
        self._closing = closing

    def lease(self, model: str, timeout: float = 0.0) -> Lease | None:
        """Lease the model that serves under a name. Wait up to ``timeout`` seconds for one; ``None`` if none serves."""
        with self._lock:
            served = self._current.get(model)
            if served is None:
                if not self._changed.wait_for(lambda: model in self._current, timeout):
                    return None
                served = self._current[model]
            served.handle.leases += 1
        return Lease(served, self._give_back)

    def serves(self, model: str, timeout: float) -> bool:
        """Return whether a model serves under a name. Wait up to ``timeout`` seconds for one."""
        if model in self._current:
            # Called for every frame: reading a dictionary needs no lock.
            return True
        with self._changed:
            return self._changed.wait_for(lambda: model in self._current, timeout)

    def current(self, model: str) -> Served | None:
        """Return the model that serves under a name."""
        with self._changed:
            return self._current.get(model)

    def previous(self, model: str) -> Served | None:
        """Return the previous version, if it is still open."""
        with self._changed:
            return self._previous.get(model)

    def serving(self) -> dict[str, Served]:
        """Return all models that serve, by name."""
        with self._changed:
            return dict(self._current)

    def swap(self, target: Target, model: LoadedModel) -> None:
        """Give the next request to ``model``. What served becomes `previous`; the earlier previous is retired."""
        with self._changed:
            before = self._current.get(target.model)
            self._current[target.model] = Served(target, Handle(model))
            out = self._previous.pop(target.model, None)
            if before is not None:
                self._previous[target.model] = before
            self._changed.notify_all()
        self._retire(out)

    def back(self, model: str, target: Target | None = None) -> Served | None:
        """Exchange current and previous. Return what serves then, or ``None`` if there is no previous.

        ``target``: what the previous version is to serve as.
        """
        with self._changed:
            comes = self._previous.get(model)
            if comes is None:
                return None
            goes = self._current.get(model)
            self._current[model] = comes if target is None else Served(target, comes.handle)
            if goes is None:
                del self._previous[model]
            else:
                self._previous[model] = goes
            self._changed.notify_all()
            return self._current[model]

    def let_go_of_the_oldest(self) -> str | None:
        """Close the oldest previous version, once nobody holds it. Return its model's name.

        The way back is then by the copy in the model cache.
        """
        with self._changed:
            model = next(iter(self._previous), None)
            out = self._previous.pop(model) if model is not None else None
        self._retire(out)
        return model

    def rename(self, target: Target) -> None:
        """Serve the same digest under another release, component or version."""
        with self._changed:
            if (served := self._current.get(target.model)) is not None:
                self._current[target.model] = Served(target, served.handle)

    def withdraw(self, model: str) -> None:
        """Stop serving under a name, and retire both versions."""
        with self._changed:
            out = (self._current.pop(model, None), self._previous.pop(model, None))
        for served in out:
            self._retire(served)

    def _retire(self, served: Served | None) -> None:
        if served is None:
            return
        with self._changed:
            served.handle.retired = True
            idle = served.handle.leases == 0
        if idle:
            self._closing(served.handle.model)

    def _give_back(self, handle: Handle) -> None:
        with self._lock:
            handle.leases -= 1
            idle = handle.retired and handle.leases == 0
        if idle:
            self._closing(handle.model)
