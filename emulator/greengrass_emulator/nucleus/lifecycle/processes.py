"""A lifecycle step's process: ``sh -c`` in its own process group, started with the launcher of ``run_as.py``.

On lite it always ends with the nucleus: by a parent-death signal, and by ``GroupReaper`` for the step's
children, which such a signal does not reach. Classic's outlive a nucleus that is killed (``process_owners.py``).
"""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from greengrass_emulator.nucleus.errors import StepFailed

_log = logging.getLogger(__name__)

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL (UnixExec.java:120-144)."""
DEVICE_MARK = "GREENGRASS_EMULATOR_ROOT"
"""The variable by which ``process_owners.py`` finds a device's processes. No real nucleus sets it."""
_LARGEST_LOG = 10 * 1024 * 1024
_POLL = 0.05
_SUDO_SECONDS = 2.0

_REAPER = """
while read -r sign group; do
  rest=
  for each in $groups; do [ "$each" = "$group" ] || rest="$rest $each"; done
  groups=$rest
  [ "$sign" = + ] && groups="$groups $group"
done
for each in $groups; do kill -s KILL -- "-$each" 2>/dev/null; done
"""


def use_pidfd_watcher() -> None:
    """Make asyncio wait for children by pidfd. Otherwise Python before 3.12 starts a thread for each child."""
    if sys.version_info < (3, 12) and hasattr(os, "pidfd_open"):
        watcher = asyncio.PidfdChildWatcher()
        watcher.attach_loop(asyncio.get_running_loop())
        asyncio.get_event_loop_policy().set_child_watcher(watcher)


class GroupReaper:
    """Kills every registered process group once the nucleus is gone, also after SIGKILL."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            _REAPER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def stop(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()

    def watch(self, group: int) -> None:
        self._tell("+", group)

    def forget(self, group: int) -> None:
        self._tell("-", group)

    def _tell(self, sign: str, group: int) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(f"{sign} {group}\n".encode())


class StepProcess:
    """One running step. ``start`` makes it; ``stop`` ends its whole group, even if its first process is gone."""

    def __init__(self, process: asyncio.subprocess.Process, reaper: GroupReaper, script: int | None = None) -> None:
        self._process = process
        self.script = process.pid if script is None else script
        """The script's own process, if sudo stays as its parent."""
        self._reaper = reaper
        self._group_is_gone = False
        self.is_paused = False

    @classmethod
    async def start(
        cls,
        script: str,
        *,
        launcher: tuple[str, ...],
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        reaper: GroupReaper,
    ) -> "StepProcess":
        """Run a script. Raises StepFailed if it cannot be started."""
        _turn_over(log)
        try:
            with log.open("ab") as output:
                process = await asyncio.create_subprocess_exec(
                    *launcher,
                    "sh",
                    "-c",
                    script,
                    cwd=folder,
                    env=dict(environment),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
        except (OSError, ValueError) as error:
            raise StepFailed(f"the script cannot be started: {error}") from error
        reaper.watch(process.pid)
        return cls(process, reaper, await _below(process) if "sudo" in launcher else None)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> int:
        """Wait for the exit code. For a signal it is 128 plus the signal's number, as in a shell."""
        code = await self._process.wait()
        if not self._group_lives():
            self._gone()
        return 128 - code if code < 0 else code

    def pause(self) -> None:
        """Stop the group by a signal until ``resume()``, as classic freezes the component's cgroup."""
        self._signal(signal.SIGSTOP)
        self.is_paused = True

    def resume(self) -> None:
        self._signal(signal.SIGCONT)
        self.is_paused = False

    async def stop(self, grace: float = GRACE) -> None:
        """End the whole group: SIGTERM, and SIGKILL after ``grace`` seconds."""
        self._signal(signal.SIGTERM)
        if self.is_paused:
            self.resume()
        try:
            async with asyncio.timeout(grace):
                await self._process.wait()
                while self._group_lives():
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self._process.wait()
        self._gone()

    def _gone(self) -> None:
        if not self._group_is_gone:
            self._group_is_gone = True
            self._reaper.forget(self.pid)

    def _group_lives(self) -> bool:
        if self._group_is_gone:
            return False
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def _signal(self, number: signal.Signals) -> None:
        if self._group_is_gone:
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass
        except PermissionError:
            # It is another user's process: sudo, which started it, ends it (UnixPlatform.java, killProcess).
            with suppress(OSError, subprocess.TimeoutExpired):
                command = ["sudo", "-n", "kill", f"-{number.value}", "--", f"-{self.pid}"]
                subprocess.run(command, check=False, timeout=GRACE)


async def _below(sudo: asyncio.subprocess.Process) -> int | None:
    """Wait for sudo's only child and return it; None if sudo has ended, or the child cannot be found."""
    children = Path(f"/proc/{sudo.pid}/task/{sudo.pid}/children")
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(_SUDO_SECONDS):
            while sudo.returncode is None:
                if found := children.read_text().split():
                    return int(found[0])
                await asyncio.sleep(_POLL / 10)
    return None


def _turn_over(log: Path) -> None:
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))


def environment_of_nucleus() -> dict[str, str]:
    """Return the nucleus's environment for a step, without any AWS credentials."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SVCUID"))}
