"""The ordered faults that are still to come. The layers of gateway and broker ask for them, and carry them out."""

import threading
from fnmatch import fnmatchcase

from greengrass_emulator.cloud.faults.orders import Corrupt, Delay, LoseAnswer, Throttle

OfCalls = Throttle | LoseAnswer | Delay


class PendingFaults:
    """The ordered faults by kind. Thread-safe. Accounts are named by their ids."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[tuple[OfCalls, str | None, int]] = []
        self._objects: list[tuple[Corrupt, int]] = []
        self.s3_is_away = False
        self.cut_off: frozenset[tuple[str, str]] = frozenset()
        """Account id and thing of each device without a network."""

    def order(self, fault: OfCalls | Corrupt, account_id: str | None = None) -> None:
        """Order a fault of the next calls, or of the next downloads."""
        with self._lock:
            if isinstance(fault, Corrupt):
                self._objects.append((fault, fault.times))
            else:
                self._calls.append((fault, account_id, fault.times))

    @property
    def awaits_calls(self) -> bool:
        """Return whether any fault of a call is ordered: else the request's operation need not be found."""
        return bool(self._calls or self._objects)

    def take(self, operation: str, account_id: str) -> list[OfCalls]:
        """Return this call's faults, and count each down. A call can be late and lost, but not also throttled."""
        with self._lock:
            kept: list[tuple[OfCalls, str | None, int]] = []
            due: list[OfCalls] = []
            for fault, account, left in self._calls:
                concerned = account in {None, account_id} and fnmatchcase(operation, fault.operation)
                if concerned and not any(isinstance(each, type(fault)) for each in due):
                    due.append(fault)
                    left -= 1  # noqa: PLW2901 - what is left of it is kept
                if left:
                    kept.append((fault, account, left))
            self._calls = kept
        throttled = [fault for fault in due if isinstance(fault, Throttle)]
        return [*throttled] or due

    def take_object(self, key: str) -> bool:
        """Return whether this download gets a wrong byte, and count it down."""
        with self._lock:
            for index, (fault, left) in enumerate(self._objects):
                if fnmatchcase(key, fault.key):
                    self._objects[index : index + 1] = [(fault, left - 1)] if left > 1 else []
                    return True
        return False

    def clear(self) -> None:
        """Forget every fault, and end the lasting ones."""
        with self._lock:
            self._calls, self._objects = [], []
            self.s3_is_away, self.cut_off = False, frozenset()
