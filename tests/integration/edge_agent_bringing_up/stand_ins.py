"""A work folder as a nucleus has it, and stand-ins for agents: whatever brings them up does not mind what they do.

A stand-in takes a lock, since two agents at once would be two that serve; it writes what befalls it into ``said``.
"""

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

import edge_agent.bringing_up
import edge_agent.errors

AGENT = """\
import fcntl, json, os, pathlib, signal, sys, time
version, state = os.environ["MLOPS_COMPONENT_VERSION"], pathlib.Path("state")
def say(word):
    with open("said", "a") as said:
        said.write(f"{version} {word} {os.getpid()}\\n")
def end(number, frame):
    say("ended")
    os._exit(128 + number)
signal.signal(signal.SIGTERM, end)
lock = open("lock", "w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    say("two-at-once")
say("began")
def confirm():
    state.mkdir(exist_ok=True)
    (state / "beside").write_text(json.dumps({"confirmed_by": [version], "running": version}))
    (state / "beside").replace(state / "memory.json")
    say("confirmed")
"""
CONFIRMS = "confirm()\nwhile True: time.sleep(60)\n"
IS_SILENT = "while True: time.sleep(60)\n"
ENDS = "sys.exit(3)\n"


def eventually(check: Callable[[], Any], *, within: float = 60.0, what: str = "it") -> Any:
    """The first truthy answer of ``check``; fails when none came in time."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if answer := check():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come within {within:g} s")


@dataclass
class Site:
    """One component's folders below a nucleus's root."""

    root: Path
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def work(self) -> Path:
        return self.root / "work/com.example.agent"

    @property
    def versions(self) -> Path:
        return self.work / "versions"

    def artifact(self, version: str, does: str = CONFIRMS, *, needs: str | None = None, data: int = 0) -> Path:
        """What the nucleus unpacks. ``needs``: a requirement; the one wheel there is, is of tinylib 1.0."""
        folder = self.root / "packages/artifacts-unarchived/com.example.agent" / version / "agent-amd64"
        shutil.rmtree(folder, ignore_errors=True)
        package = folder / "edge_agent"
        program = Path(edge_agent.bringing_up.__file__).parent
        shutil.copytree(program, package / "bringing_up", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(edge_agent.errors.__file__, package)
        (package / "__init__.py").write_text("")
        (package / "__main__.py").write_text(AGENT + does)
        if data:
            (package / "data").write_bytes(b"x" * data)
        if needs is not None:
            (folder / "requirements.txt").write_text(needs + "\n")
            (folder / "wheels").mkdir()
            _wheel(folder / "wheels/tinylib-1.0-py3-none-any.whl", data)
        return folder

    def command(self, version: str, *arguments: str) -> list[str]:
        """What the recipe's script runs."""
        (folder,) = (self.root / "packages/artifacts-unarchived/com.example.agent" / version).iterdir()
        return [sys.executable, "-IS", str(folder / "edge_agent/bringing_up/__main__.py"), *arguments]

    def start(self, version: str, *, within: int = 60, largest_file: int | None = None) -> "subprocess.Popen[bytes]":
        """Lite's ``run``, in a process group of its own. Its log is ``log``."""
        self.work.mkdir(parents=True, exist_ok=True)

        def limited() -> None:
            if largest_file is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        with (self.work / "log").open("ab") as log:
            process = subprocess.Popen(
                self.command(version, "run", str(within)),
                cwd=self.work,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=limited,  # noqa: PLW1509 - a test has one thread
            )
        self.started.append(process)
        return process

    def step(self, version: str, name: str) -> "subprocess.CompletedProcess[str]":
        """One of classic's steps that end."""
        self.work.mkdir(parents=True, exist_ok=True)
        command = self.command(version, name)
        return subprocess.run(command, cwd=self.work, capture_output=True, text=True, timeout=60, check=False)

    def said(self) -> list[str]:
        """What befell the agents, in order: ``1.0.0 began``."""
        try:
            lines = (self.work / "said").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [line.rpartition(" ")[0] for line in lines]

    def pid(self, what: str) -> int:
        """Of the agent that said this last."""
        lines = (self.work / "said").read_text().splitlines()
        return next(int(line.split()[-1]) for line in reversed(lines) if line.startswith(f"{what} "))

    def until(self, *said: str) -> None:
        """Wait until the last things said are these."""
        eventually(lambda: tuple(self.said()[-len(said) :]) == said, what=f"{said}, but {self.said()}")

    def log(self) -> str:
        return (self.work / "log").read_text()

    def install_failure(self) -> dict[str, str] | None:
        """What the program tells the agent that serves."""
        try:
            found: dict[str, str] = json.loads((self.work / "state/install.json").read_text())
        except FileNotFoundError:
            return None
        return found

    def current(self) -> str:
        """The folder that ``current`` leads to."""
        return str((self.versions / "current").readlink())

    def standing(self) -> list[str]:
        """The folders of versions, whole or not."""
        return sorted(each.name for each in self.versions.iterdir() if each.is_dir() and not each.is_symlink())

    def processes(self) -> list[psutil.Process]:
        """Whatever was started here and lives: all have the work folder as theirs, or a file below it."""
        found = []
        for process in psutil.process_iter():
            try:
                if Path(process.cwd()).is_relative_to(self.work) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def power_cut(self) -> None:
        """Every process is gone at once."""
        for process in self.processes():
            process.kill()
        for started in self.started:
            started.wait(timeout=10)
        (self.work / "said").unlink(missing_ok=True)

    def served(self, version: str = "1.0.0") -> None:
        """Bring a version up as the first, and take it down again."""
        self.artifact(version)
        process = self.start(version)
        self.until(f"{version} began", f"{version} confirmed")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
        (self.work / "said").unlink()
        (self.work / "log").unlink()


def _wheel(path: Path, data: int) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("tinylib.py", "VERSION = '1.0'\n")
        wheel.writestr("tinylib_data/data", b"x" * data)
        wheel.writestr("tinylib-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinylib\nVersion: 1.0\n")
        wheel.writestr("tinylib-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\n")
        wheel.writestr("tinylib-1.0.dist-info/RECORD", "")
