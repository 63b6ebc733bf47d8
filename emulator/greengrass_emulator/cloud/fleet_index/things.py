"""The index AWS_Things of one account: documents of its things, some seconds old.

The real index is eventually consistent, and AWS names no bound. Here a change is visible ``lag`` seconds of the cloud's
clock later. A new index takes 30 to 60 seconds to become ACTIVE (aws/aws-sdk-js-v3 #6496), a changed one as long again.
Not thread-safe: the caller holds the account's lock.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from greengrass_emulator.cloud.api_errors import IndexNotFoundError, IndexNotReadyException
from greengrass_emulator.cloud.fleet_index.configuration import ThingIndexing
from greengrass_emulator.cloud.fleet_index.query import Matches
from greengrass_emulator.cloud.moto_memory.thing_documents import ThingDocuments
from greengrass_emulator.json_value import JsonObject

NAME = "AWS_Things"
LAG = 3.0
BUILDING = 10.0
"""How many times the lag it takes to build the index."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A thing's document, or None if it is deleted, and when the index will have it."""

    due: float
    thing: str
    document: JsonObject | None


@dataclass(slots=True)
class ThingIndex:
    """``search`` searches it; ``shadow_changed`` and ``registry_changed`` tell it to look for changes."""

    documents: ThingDocuments
    now: Callable[[], float]
    lag: float = LAG
    indexing: ThingIndexing = field(default_factory=ThingIndexing)
    _ready: float = 0.0
    _first: bool = True
    _seen: dict[str, JsonObject] = field(default_factory=dict)
    _latest: dict[str, JsonObject] = field(default_factory=dict)
    _changes: list[_Change] = field(default_factory=list)

    def configure(self, indexing: ThingIndexing) -> None:
        """Build the index again, unless nothing changes."""
        if indexing == self.indexing:
            return
        self._first = not self.indexing.on
        self.indexing = indexing
        self._ready = self.now() + BUILDING * self.lag
        self._changes = []
        self._latest = self.documents.every(indexing.covered) if indexing.on else {}
        self._seen = dict(self._latest)

    @property
    def status(self) -> str:
        """Return ``ACTIVE``, or the state while it cannot be searched.

        Raises ``IndexNotFoundError`` if indexing is off.
        """
        if not self.indexing.on:
            raise IndexNotFoundError(f"Index {NAME} does not exist; thing indexing is off")
        if self.now() >= self._ready:
            return "ACTIVE"
        return "BUILDING" if self._first else "REBUILDING"

    def search(self, matches: Matches) -> list[JsonObject]:
        """Return the matching documents in no particular order.

        Raises ``IndexNotFoundError``, ``IndexNotReadyException``.
        """
        if self.status != "ACTIVE":
            raise IndexNotReadyException(f"Index {NAME} is {self.status}; it can be searched once it is ACTIVE")
        self._take_due()
        # Ordered by a random id: the language has no sorting, and callers must not rely on an order.
        return sorted(filter(matches, self._seen.values()), key=lambda document: str(document["thingId"]))

    def shadow_changed(self, thing: str) -> None:
        """Take over what has changed in a thing's shadows."""
        known = self._latest.get(thing)
        if not self.indexing.on or known is None:
            return
        shadows = self.documents.shadows(thing, self.indexing.covered)
        if shadows is not None and shadows != known["shadow"]:
            self._note(thing, known | {"shadow": shadows})

    def registry_changed(self) -> None:
        """Take over what has changed in the registry: things and groups."""
        if not self.indexing.on:
            return
        current = self.documents.every(self.indexing.covered)
        for thing in self._latest.keys() - current.keys():
            self._note(thing, None)
        for thing, document in current.items():
            if self._latest.get(thing) != document:
                self._note(thing, document)

    def _note(self, thing: str, document: JsonObject | None) -> None:
        self._take_due()
        if document is None:
            self._latest.pop(thing, None)
        else:
            self._latest[thing] = document
        self._changes.append(_Change(self.now() + self.lag, thing, document))

    def _take_due(self) -> None:
        now = self.now()
        late: set[str] = set()
        kept: list[_Change] = []
        for change in self._changes:
            # A thing's changes become visible in their order, even if the lag became shorter between them.
            if change.due > now or change.thing in late:
                kept.append(change)
                late.add(change.thing)
            elif change.document is None:
                self._seen.pop(change.thing, None)
            else:
                self._seen[change.thing] = change.document
        self._changes = kept


def as_answer(document: JsonObject) -> JsonObject:
    """Return a document as in ``SearchIndex``: the shadows are one JSON string.

    Source: an answer of the real one, in AWS re:Post, "how to get the state of all shadows classic and named".
    """
    answer: JsonObject = {name: value for name, value in document.items() if name != "shadow" and value is not None}
    if shadow := document["shadow"]:
        answer["shadow"] = json.dumps(shadow, separators=(",", ":"))
    return answer
