"""Makes the same call for many things, a few at a time.

Greengrass throttles by account: most of a hundred simultaneous calls would be retried.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

AT_A_TIME = 4

Item = TypeVar("Item")
Result = TypeVar("Result")


def each_in_flight(call: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield the results in the items' order, each as soon as those before it are there.

    After a failure no further call begins. Once the running calls have ended, the first failure in the items' order is
    raised. The same holds for an exception of the caller between two results, and for Ctrl-C.
    """
    failed = threading.Event()

    def one(item: Item) -> Result:
        if failed.is_set():
            raise _Abandoned
        try:
            return call(item)
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(min(AT_A_TIME, len(items)) or 1, thread_name_prefix="publish") as pool:
        futures = [pool.submit(one, item) for item in items]
        try:
            for future in futures:
                yield future.result()
        finally:
            failed.set()
            pool.shutdown(cancel_futures=True)


class _Abandoned(Exception):
    """The call was never begun, since an earlier one failed. Items begin in order, so that failure is raised first."""
