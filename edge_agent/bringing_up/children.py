"""The child processes of the bringing-up program. None of them outlives it.

They stay in its process group and its unit's cgroup, which a nucleus kills as a whole. If the program is killed, they
get a parent-death signal.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Set

from edge_agent.bringing_up.installing import dies_with_parent

WATCHED = frozenset({signal.SIGCHLD, signal.SIGTERM, signal.SIGINT})
_NICE = 10
"""The installer's nice value: the agent that serves comes first."""


def hold_signals() -> Set[int]:
    """Block the watched signals, so that `next_signal` gets them. Return the earlier mask, for the children."""
    return signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)


def release_signals(held: Set[int]) -> None:
    """Set an earlier signal mask again."""
    signal.pthread_sigmask(signal.SIG_SETMASK, held)


def next_signal(seconds: float) -> int | None:
    """Return the next signal that ends this program; ``None`` if a child has ended, or after ``seconds``."""
    received = signal.sigtimedwait(WATCHED, seconds)
    return None if received is None or received.si_signo == signal.SIGCHLD else received.si_signo


def start_agent(command: list[str], environment: dict[str, str], held: Set[int]) -> "subprocess.Popen[bytes]":
    """Start an agent. If this program dies, the agent gets SIGTERM, as from its nucleus, and finishes its frame."""
    return subprocess.Popen(command, env=environment, preexec_fn=_prepared(signal.SIGTERM, held, 0))


def start_installer(program: str, keep: str, held: Set[int]) -> "subprocess.Popen[bytes]":
    """Start this program's ``install``. If it fails, its standard output says why.

    pip dies with it by the same signal. pip's own children may run on for a moment, in a folder that nobody else uses.
    """
    return subprocess.Popen(
        [sys.executable, "-IS", program, "install", "--beside", keep],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        preexec_fn=_prepared(signal.SIGKILL, held, _NICE),
    )


def kill(child: "subprocess.Popen[bytes]") -> None:
    """Kill a child, and reap it."""
    child.kill()
    child.wait()


def exit_code(code: int) -> int:
    """Return the exit code to end with: 128 + number for a signal. Never 0, which tells a nucleus that it runs."""
    return 128 - code if code < 0 else code or 1


def _prepared(number: int, held: Set[int], nice: int) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        release_signals(held)
        os.nice(nice)
        dies_with_parent(number, parent)

    return prepare
