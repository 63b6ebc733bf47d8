"""The jail is tried from inside, as root and as another user, and where the kernel lacks a part of it."""

import contextlib
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_agent.processes.syscall_numbers import JAILING, LOOKED_INTO, MACHINES, REFUSED, numbers_of

HERE = Path(__file__).parent
ALLOWED = {"read its own", "import", "start a thread", "run in an earlier thread", "signal itself", "be nicer"}
BY_LANDLOCK = {"read a secret", "list a folder"}
USERS = ["root", "nobody"] if os.getuid() == 0 else [None]


def attacked(folder: Path, *, user: str | None, lacking: tuple[str, ...] = (), late: bool = False) -> Any:
    own = folder / "own"
    own.mkdir()
    (own / "model").write_text("bytes")
    secret = folder / "secret"
    secret.write_text("of another component")
    # pytest's own folders are for this user alone.
    for each in (own / "model", secret, own, folder, *folder.parents):
        if each.parts[-1].startswith(("pytest-", "popen-", "test_")) or each.is_relative_to(folder):
            each.chmod(0o755)
    request = {"own": str(own), "secret": str(secret), "lacking": lacking, "late": late}
    done = subprocess.run(
        [python_of(user), str(HERE / "control.py"), json.dumps(request)],
        env={**os.environ, "PYTHONPATH": f"{HERE}:{HERE.parents[2]}"},
        user=user,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["code"] == 0, found["words"]
    # Nothing of ours was harmed.
    assert sorted(path.name for path in own.iterdir()) == ["model"]
    return found


def python_of(user: str | None) -> str:
    """A Python that the user may run: processes and jail need the standard library alone."""
    for python in (sys.executable, "/usr/bin/python3"):
        ask = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        with contextlib.suppress(OSError):
            if subprocess.run(ask, user=user, capture_output=True, check=False).returncode == 0:
                return python
    pytest.skip(f"{user} may run no Python here")


def let_through(found: dict[str, str]) -> set[str]:
    return {name for name, came in found.items() if came == "done"}


@pytest.mark.parametrize("user", USERS)
def test_a_jailed_worker_reads_its_own_files_and_can_do_nothing_else(tmp_path: Path, user: str | None) -> None:
    found = attacked(tmp_path, user=user)
    without_landlock = not any(part.startswith("landlock") for part in found["held"])
    assert let_through(found["found"]) == ALLOWED | (BY_LANDLOCK if without_landlock else set())
    assert {"memory", "capabilities", "seccomp"} <= set(found["held"])
    # glibc asks for these first, and then calls what can be looked into.
    assert (found["found"]["clone3"], found["found"]["openat2"]) == ("ENOSYS", "ENOSYS")
    assert found["found"]["take a gigabyte"] == "MemoryError"


@pytest.mark.parametrize("user", USERS)
def test_a_kernel_without_landlock_still_refuses_all_but_reading(tmp_path: Path, user: str | None) -> None:
    found = attacked(tmp_path, user=user, lacking=("allow_reading",))
    assert let_through(found["found"]) == ALLOWED | BY_LANDLOCK
    assert found["held"] == ["memory", "capabilities", "seccomp"]


def test_a_kernel_without_seccomp_still_shuts_other_files_and_control(tmp_path: Path) -> None:
    found = attacked(tmp_path, user=None, lacking=("refuse_calls",))
    if not any(part.startswith("landlock") for part in found["held"]):
        pytest.skip("this kernel has no Landlock")
    through = let_through(found["found"])
    assert not through & {
        *(*BY_LANDLOCK, "write a secret", "write its own", "make a file", "remove its own", "rename its own"),
        *("exec", "read control's memory by a file", "write control's memory by a file", "trace control"),
        *("read control's environment", "take a gigabyte"),
    }
    assert "seccomp" not in found["held"]


def test_a_jail_that_comes_late_reaches_the_threads_that_are_there(tmp_path: Path) -> None:
    """So it is with an accelerator, whose driver needs more in its first run."""
    found = attacked(tmp_path, user=None, late=True)
    assert let_through(found["found"]) == ALLOWED | BY_LANDLOCK
    assert found["held"] == ["memory", "capabilities", "seccomp"]


def test_the_numbers_are_those_of_the_kernel_s_headers() -> None:
    """Of the machine that this runs on, and aarch64's from the generic table, which x86_64's headers have too."""
    own = next(Path("/usr/include").glob("*/asm/unistd_64.h"), None)
    headers = {"aarch64": Path("/usr/include/asm-generic/unistd.h"), "x86_64": own}
    seen = 0
    for machine in MACHINES:
        header = headers[machine]
        if header is None or not header.exists():
            continue
        text = header.read_text("utf-8")
        said = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
        for name, number in numbers_of({**REFUSED, **LOOKED_INTO, **JAILING}, machine).items():
            if name in said:
                assert said[name] == number, (machine, name)
                seen += 1
    if not seen:
        pytest.skip("the kernel's headers are not installed")


def test_this_machine_is_one_that_the_jail_knows() -> None:
    assert platform.machine() in MACHINES
