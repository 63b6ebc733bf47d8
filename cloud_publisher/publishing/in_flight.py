"""The same call for many things, a few at a time: as many as the service bears, and no more.

Greengrass throttles by the account; a hundred calls at once would be a hundred retries.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

AT_A_TIME = 4

Item = TypeVar("Item")
Result = TypeVar("Result")


def each_in_flight(call: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """The results in the items' order, each as soon as those before it are there.

    After a failure nothing more is begun; once what is in flight has ended, the first one in the items' order is
    raised. So is what the caller raises between two results, or a Ctrl-C.
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
    """Never begun, as one before it failed; items begin in their order, so that one is raised first."""
