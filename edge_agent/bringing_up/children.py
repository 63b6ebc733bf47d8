"""The processes that the bringing-up program starts beside itself; none of them outlives it.

They stay in its process group and its unit's cgroup, which a nucleus ends whole; a parent-death signal covers SIGKILL.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Set

from edge_agent.bringing_up.installing import dies_with_parent

WATCHED = frozenset({signal.SIGCHLD, signal.SIGTERM, signal.SIGINT})
_NICE = 10
"""What installs gives way to what serves."""


def hold_signals() -> Set[int]:
    """From now on signals wait to be asked for. Returns what was held before, which children begin with."""
    return signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)


def release_signals(held: Set[int]) -> None:
    """Take signals again as they come."""
    signal.pthread_sigmask(signal.SIG_SETMASK, held)


def next_signal(seconds: float) -> int | None:
    """The next signal that ends this program; None when a child has ended, or after so many seconds."""
    received = signal.sigtimedwait(WATCHED, seconds)
    return None if received is None or received.si_signo == signal.SIGCHLD else received.si_signo


def start_agent(command: list[str], environment: dict[str, str], held: Set[int]) -> "subprocess.Popen[bytes]":
    """An agent; where this program is gone, it ends as it does by its nucleus: its frame in hand is finished."""
    return subprocess.Popen(command, env=environment, preexec_fn=_prepared(signal.SIGTERM, held, 0))


def start_installer(program: str, keep: str, held: Set[int]) -> "subprocess.Popen[bytes]":
    """This very program's ``install``, whose standard output has the words where it fails.

    pip dies with it by the same signal. What pip began may live on for a moment, in a folder that nobody else uses.
    """
    return subprocess.Popen(
        [sys.executable, "-IS", program, "install", "--beside", keep],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        preexec_fn=_prepared(signal.SIGKILL, held, _NICE),
    )


def kill(child: "subprocess.Popen[bytes]") -> None:
    """End it at once, and reap it."""
    child.kill()
    child.wait()


def exit_code(code: int) -> int:
    """A signal's is 128 and its number, as a shell has it. Never 0: a nucleus takes that for a component that runs."""
    return 128 - code if code < 0 else code or 1


def _prepared(number: int, held: Set[int], nice: int) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        release_signals(held)
        os.nice(nice)
        dies_with_parent(number, parent)

    return prepare
