"""The parent process of the agent while a new version is installed, and while the new version is on trial.

It has one thread and no signal handlers: it waits for signals, and checks its children in between. It ends with its
agent, or becomes it.
"""

import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import Final, NoReturn

from edge_agent.bringing_up.children import (
    exit_code,
    hold_signals,
    kill,
    next_signal,
    release_signals,
    start_agent,
    start_installer,
)
from edge_agent.bringing_up.decisions import Install, Try, folder_of, has_confirmed
from edge_agent.bringing_up.installing import make, remove
from edge_agent.bringing_up.lines import tell
from edge_agent.bringing_up.standing import Trial, Wanted, command_of, said_running, standing_in
from edge_agent.bringing_up.switching import (
    become,
    environment_of,
    forget_trial,
    say_not_installed,
    say_nothing,
    switch_to,
    write_trial,
)
from edge_agent.errors import NotInstalledError

_LOOK: Final = 0.5
"""Seconds between two checks of what the agent has confirmed."""
_LOOK_LATE: Final = 10.0
"""Seconds between two checks after the trial's time: the agent runs, and has nothing to confirm yet."""
_SETTLES: Final = 0.1
_GRACE: Final = 60.0
"""Seconds for an agent to finish its frames in flight."""
_AGAIN: Final = 1.0
_MOST_ENDS: Final = 3
"""How often the earlier agent is restarted during an installation, a second after it ended. Nuclei do the same."""


class Parent:
    """Make it and run it once. The process ends with it."""

    def __init__(self, work: str, artifact: str, wanted: Wanted, within: int) -> None:
        self._work = work
        self._artifact = artifact
        self._wanted = wanted
        self._within = within
        self._held = hold_signals()
        self._standing = standing_in(work)
        self._agent: subprocess.Popen[bytes] | None = None

    def run(self, step: Install | Try) -> NoReturn:
        """Do the step and all that follows. The process becomes the agent, or ends with its exit code."""
        if isinstance(step, Try):
            self._try(step.folder, step.fallback)
        if step.serving is not None:
            self._install_beside(step.serving)
        self._install_first()

    def _install_first(self) -> NoReturn:
        """Install while nothing serves. A failure ends this process."""
        release_signals(self._held)
        try:
            folder = make(self._work, self._artifact, self._wanted, self._standing, self._standing.current)
            switch_to(self._work, folder)
        except (NotInstalledError, OSError) as error:
            tell("ERROR", "not installed", version=self._wanted.version, why=error)
            sys.exit(1)
        say_nothing(self._work)
        forget_trial(self._work)
        become(self._work, folder, standing_in(self._work))

    def _install_beside(self, serving: str) -> NoReturn:
        say_nothing(self._work)
        starts, again = 0, 0.0
        installer: subprocess.Popen[bytes] | None = None
        while installer is None or installer.poll() is None:
            if self._agent is None and starts <= _MOST_ENDS and time.monotonic() >= again:
                starts, again = starts + 1, time.monotonic() + _AGAIN
                self._start_earlier(serving)
            # Start the agent first: it does not wait for the installer.
            installer = installer or start_installer(self._program(), serving, self._held)
            number = next_signal(_LOOK)
            if number is not None:
                kill(installer)
                self._end(number)
            if self._agent is not None and self._agent.poll() is not None:
                tell("WARNING", "the earlier version ended", folder=serving, code=exit_code(self._agent.returncode))
                self._agent, again = None, time.monotonic() + _AGAIN
        words = installer.stdout.read().decode(errors="replace") if installer.stdout is not None else ""
        self._standing = standing_in(self._work)
        folder = folder_of(self._standing, self._wanted)
        if installer.returncode == 0 and folder is not None:
            self._stop_agent()
            self._try(folder, serving)
        words = words or f"its installation ended with {exit_code(installer.returncode)}; the log says why"
        self._not_installed(words)
        if self._agent is None:
            release_signals(self._held)
            become(self._work, serving, self._standing)
        self._watch()

    def _try(self, folder: str, fallback: str) -> NoReturn:
        """Switch to the new version, start it, and wait until it confirms. No other agent runs now."""
        earlier = self._standing.trial
        begun = earlier.begun if earlier and (earlier.version, earlier.made_from) == self._wanted else 0
        self._remember(begun + 1, "it was interrupted before it had confirmed anything")
        say_nothing(self._work)
        try:
            switch_to(self._work, folder)
            self._start(folder)
        except OSError as error:
            self._give_back(fallback, begun + 1, f"it cannot be started: {error}")
        tell("INFO", "on trial", version=self._wanted.version, earlier=fallback)
        deadline = time.monotonic() + self._within
        while not has_confirmed(standing_in(self._work), self._wanted.version):
            number = next_signal(_LOOK if time.monotonic() <= deadline else _LOOK_LATE)
            if number is not None:
                # The nucleus or the device ends it: the trial does not count.
                self._remember(begun, "")
                self._end(number)
            code = self._agent.poll() if self._agent is not None else 1
            if code is not None and (number := next_signal(_SETTLES)) is not None:
                # Both got the signal, and the agent ended first.
                self._remember(begun, "")
                self._end(number)
            if code is not None and not has_confirmed(standing_in(self._work), self._wanted.version):
                words = f"it ended with {exit_code(code)} before it had confirmed anything; its log says why"
                self._give_back(fallback, begun + 1, words)
            if time.monotonic() > deadline and said_running(self._work) != self._wanted.version:
                self._stop_agent()
                self._give_back(fallback, begun + 1, f"it did not run within {self._within} s; its log says why")
        tell("INFO", "confirmed", version=self._wanted.version)
        forget_trial(self._work)
        for other in self._standing.whole:
            if other != folder:
                remove(self._work, other)
        self._watch()

    def _give_back(self, fallback: str, begun: int, words: str) -> NoReturn:
        """Go back to the earlier agent, and become it."""
        tell("ERROR", "given back", version=self._wanted.version, earlier=fallback, why=words)
        with suppress(OSError):
            switch_to(self._work, fallback)
        self._remember(begun, words)
        self._not_installed(words)
        release_signals(self._held)
        become(self._work, fallback, self._standing)

    def _watch(self) -> NoReturn:
        """Wait until the agent ends, or a signal comes."""
        agent = self._agent
        while agent is not None and agent.poll() is None:
            number = next_signal(60.0)
            if number is not None:
                self._end(number)
        sys.exit(exit_code(agent.returncode if agent is not None else 1))

    def _end(self, number: int) -> NoReturn:
        """Pass the signal on, and end as the agent does."""
        code = 128 + number
        if self._agent is not None:
            with suppress(ProcessLookupError):
                self._agent.send_signal(number)
            code = self._ended(self._agent)
        sys.exit(code)

    def _start_earlier(self, folder: str) -> None:
        try:
            self._start(folder)
        except OSError as error:
            tell("ERROR", "the earlier version cannot be started", folder=folder, error=error)

    def _start(self, folder: str) -> None:
        command = command_of(os.path.join(self._work, "versions", folder), self._standing.whole[folder])
        self._agent = start_agent(command, environment_of(self._work, folder, self._standing), self._held)
        tell("INFO", "started", folder=folder, pid=self._agent.pid)

    def _stop_agent(self) -> None:
        if self._agent is None:
            return
        with suppress(ProcessLookupError):
            self._agent.terminate()
        tell("INFO", "stopped", pid=self._agent.pid, code=self._ended(self._agent))
        self._agent = None

    def _ended(self, agent: "subprocess.Popen[bytes]") -> int:
        """Wait until the agent ends, or kill it after a while. Return its exit code."""
        with suppress(subprocess.TimeoutExpired):
            agent.wait(timeout=_GRACE)
        if agent.poll() is None:
            kill(agent)
        return exit_code(agent.returncode)

    def _remember(self, begun: int, words: str) -> None:
        if begun == 0:
            forget_trial(self._work)
            return
        try:
            write_trial(self._work, Trial(self._wanted.version, self._wanted.made_from, begun, words))
        except OSError as error:
            tell("WARNING", "trial not remembered", error=error)

    def _not_installed(self, words: str) -> None:
        try:
            say_not_installed(self._work, self._wanted.version, words)
        except OSError as error:
            tell("WARNING", "cannot tell the agent", error=error, why=words)

    def _program(self) -> str:
        return os.path.join(self._artifact, "edge_agent", "bringing_up", "__main__.py")
