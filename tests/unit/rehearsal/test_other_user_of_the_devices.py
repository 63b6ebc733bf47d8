"""The rehearsal's devices have another user, and a Python that this one can run, wherever the clone lies."""

import os
import subprocess
import tempfile
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from rehearsal import other_user as module
from rehearsal.other_user import OtherUser, other_user
from rehearsal.report import proofs_table
from rehearsal.rows import as_another_user, with_their_own_python

REPOSITORY = Path(__file__).parents[3]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs components as others")


@as_root
def test_below_a_closed_folder_devices_lie_elsewhere_and_their_logs_come_back(tmp_path: Path) -> None:
    # Pytest's own folders are of 0700, as root's home is.
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    folder = closed / "rehearsal"
    folder.mkdir()
    with other_user(folder) as user:
        assert isinstance(user, OtherUser), user
        assert closed not in user.python.parents
        as_them = [
            "setpriv",
            "--reuid",
            str(user.uid),
            "--clear-groups",
            "env",
            "-i",
            str(user.python / "bin/python3"),
            "-c",
        ]
        # What the agent requires is there; what only its artifact brings, and this machine's own tools, are not.
        script = (
            "import importlib.util as find; import onnxruntime, cv2, awsiot, pydantic, sys; "
            "print(find.find_spec('edge_agent'), find.find_spec('moto'), sys.prefix)"
        )
        told = subprocess.run([*as_them, script], cwd=user.folder, capture_output=True, text=True, check=False)
        assert told.stdout.split() == ["None", "None", str(user.python)], told.stderr
        (user.folder / "devices").mkdir()
        (user.folder / "devices" / "log").write_text("what happened")
    assert (folder / "devices" / "log").read_text() == "what happened"
    assert not user.folder.exists()


@as_root
@pytest.mark.parametrize(("name", "elsewhere"), [("plain", False), ("mit Umlaut ä", True)])
def test_in_a_folder_whose_name_no_device_s_root_has_devices_lie_elsewhere(name: str, elsewhere: bool) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as top:
        Path(top).chmod(0o755)
        folder = Path(top, name)
        folder.mkdir()
        with other_user(folder) as user:
            assert isinstance(user, OtherUser), user
            assert (folder not in user.python.parents) is elsewhere


@as_root
def test_a_python_that_the_user_cannot_run_is_reported_and_nothing_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "make_python", lambda folder: folder.mkdir(parents=True))
    with other_user(tmp_path) as user:
        assert isinstance(user, str)
        assert "pythons/agent: ['" in user


def test_who_is_not_root_is_told_that_it_takes_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_USERS", ())
    with other_user(tmp_path) as user:
        assert user == "only root runs components as another user"


def test_what_could_not_be_tried_is_marked_in_its_row_and_fails_nothing() -> None:
    rehearsal: Any = SimpleNamespace(user="only root runs components as another user")
    row = as_another_user("1 first release", rehearsal)
    assert (row.holds, row.mark, row.seen) == (True, "–", "not tried: only root runs components as another user")
    shown = StringIO()
    Console(file=shown, width=200).print(proofs_table([row]))
    assert "│ – │ 1 first release │" in shown.getvalue()


def test_an_agent_of_the_nucleuss_own_user_is_a_row_that_does_not_hold(tmp_path: Path) -> None:
    device: Any = SimpleNamespace(name="prod-1", agent_pid=os.getpid)
    for uid, holds in ((os.getuid(), True), (os.getuid() + 1, False)):
        user = OtherUser("nobody:nogroup", uid, tmp_path, tmp_path / "python", "sudo")
        rehearsal: Any = SimpleNamespace(user=user, world=SimpleNamespace(devices=[device]))
        assert as_another_user("1 first release", rehearsal).holds is holds


def test_an_agent_with_another_python_or_with_the_tool_in_it_is_a_row_that_does_not_hold(tmp_path: Path) -> None:
    device: Any = SimpleNamespace(name="prod-1", agent_pid=os.getpid)
    library = tmp_path / "lib/python3/site-packages"
    (library / "numpy-2.dist-info").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/python3"

    def holds() -> bool:
        rehearsal: Any = SimpleNamespace(world=SimpleNamespace(python=tmp_path, devices=[device]))
        return with_their_own_python("1 first release", rehearsal).holds

    program.symlink_to("/bin/sh")
    assert not holds()
    program.unlink()
    program.symlink_to(Path("/proc/self/exe").resolve())
    assert holds()
    (library / "mlops_at_edge-0.1.0.dist-info").mkdir()
    assert not holds()
