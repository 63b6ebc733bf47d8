"""``tools/`` of a new repository: our wheels as they are installed, and locks that pip keeps to."""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud_publisher.initialising.wheel_file import Wheel

Run = Callable[..., tuple[int, str, str]]
OURS = "mlops_at_edge-0.1.0-py3-none-any.whl"
SECONDS = 100


def pip(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run pip, with no index at all."""
    command = [sys.executable, "-m", "pip", *map(str, words), "--no-index", "--disable-pip-version-check"]
    if words[0] == "install":
        command.append("--no-compile")
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, built_once: Callable[[str], Wheel]) -> Path:
    """A folder that our wheel is installed into, as pip does that."""
    folder = tmp_path_factory.mktemp("installed")
    wheel = built_once("mlops-at-edge")
    (folder / wheel.name).write_bytes(wheel.content)
    done = pip("install", "--no-deps", "--target", folder / "site", folder / wheel.name, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "site"


@pytest.fixture
def site(installed: Path, tmp_path: Path) -> Path:
    """The same, for a test to edit."""
    return Path(shutil.copytree(installed, tmp_path / "site"))


def init_from(site: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `init` of the installation in ``site``; what it requires comes from this environment."""
    return subprocess.run(
        [sys.executable, "-P", "-c", "from cloud_publisher.__main__ import main; main()", "init", str(folder)],
        env={"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def our_lines_of(lock: Path) -> str:
    """Our own lines of a lock, as a lock of their own: for the others pip needs an index."""
    text = lock.read_text(encoding="utf-8")
    return "".join(re.findall(r"^\./tools/.*\\\n    --hash=.*\n", text, re.MULTILINE))


def installing(repository: Path, lock: str) -> subprocess.CompletedProcess[str]:
    (repository / "ours.txt").write_text(lock, encoding="utf-8")
    return pip(
        *("install", "--require-hashes", "--no-deps", "--target", "there", "--requirement", "ours.txt"), cwd=repository
    )


def test_a_wheel_of_an_installation_is_that_of_its_checkout(
    site: Path, tmp_path: Path, built_once: Callable[[str], Wheel]
) -> None:
    done = init_from(site, tmp_path / "new")
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "new/tools" / OURS).read_bytes()
    assert written == built_once("mlops-at-edge").content
    with zipfile.ZipFile(tmp_path / "new/tools" / OURS) as wheel:
        assert "mlops_at_edge-0.1.0.data/data/share/mlops-at-edge/requirements/publisher.txt" in wheel.namelist()


@pytest.mark.parametrize("name", ["cloud_publisher/session.py", "share/mlops-at-edge/requirements/agent.txt"])
def test_an_installation_that_somebody_edited_is_told_and_nothing_is_written(
    site: Path, tmp_path: Path, name: str
) -> None:
    with (site / name).open("a") as file:
        file.write("# another line\n")
    done = init_from(site, tmp_path / "new")
    assert done.returncode == 2
    assert f"{site / name} is not as mlops-at-edge was installed" in done.stderr
    assert "pip install --force-reinstall" in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_no_part_of_the_installation_goes_into_no_wheel(
    site: Path, tmp_path: Path, built_once: Callable[[str], Wheel]
) -> None:
    (site / "cloud_publisher/planted.py").write_text("planted")
    assert init_from(site, tmp_path / "new").returncode == 0
    assert (tmp_path / "new/tools" / OURS).read_bytes() == built_once("mlops-at-edge").content


def test_without_the_emulator_there_is_no_rehearsal_and_it_says_so(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_publisher.initialising.tools.is_installed", lambda _name: False)
    code, _, err = run("init")
    assert code == 0
    assert "greengrass-emulator is not installed" in err
    assert "init --upgrade" in err
    assert not (tmp_path / "tools/rehearsal.txt").exists()
    assert run("validate")[0] == 0
    made = subprocess.run(["make", "rehearse"], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert made.returncode == 2
    assert "tools/rehearsal.txt is not there" in made.stderr


def test_in_a_folder_of_any_name_pip_installs_the_tool_from_it(run: Run, tmp_path: Path) -> None:
    repository = tmp_path / "Größe und Maß"
    assert run("init", str(repository))[0] == 0
    assert run("validate", "--config", f"{repository}/greengrass-config.yml")[0] == 0
    done = installing(repository, our_lines_of(repository / "tools/rehearsal.txt"))
    assert done.returncode == 0, done.stderr
    assert (repository / "there/cloud_publisher/session.py").is_file()
    assert (repository / "there/greengrass_emulator").is_dir()


def test_no_lock_and_no_stage_asks_an_index_for_our_names(run: Run, tmp_path: Path) -> None:
    assert run("init")[0] == 0
    for path in [*tmp_path.glob("tools/*.txt"), *tmp_path.glob("buildspec.*.yml"), tmp_path / "Makefile"]:
        assert not re.search(r"(?<![./\w-])(mlops-at-edge|greengrass-emulator)(\[|==)", path.read_text()), path


def test_a_wheel_with_one_other_byte_is_refused_by_pip_and_named_by_validate(run: Run, tmp_path: Path) -> None:
    assert run("init")[0] == 0
    wheel = tmp_path / "tools" / OURS
    content = bytearray(wheel.read_bytes())
    content[5000] ^= 1
    wheel.write_bytes(content)
    done = installing(tmp_path, our_lines_of(tmp_path / "tools/requirements.txt"))
    assert done.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr
    code, _, err = run("validate")
    assert code == 2
    assert f"tools/requirements.txt:5:1: tools/{OURS} is not the file that the lock names" in err


def test_a_lock_without_our_hash_is_refused_by_pip_and_named_by_validate(run: Run, tmp_path: Path) -> None:
    assert run("init")[0] == 0
    lock = tmp_path / "tools/requirements.txt"
    text = lock.read_text()
    ours = our_lines_of(lock)
    without = ours.partition(" \\\n")[0] + "\n"
    done = installing(tmp_path, without)
    assert done.returncode == 1
    assert "Hashes are required in --require-hashes mode" in done.stderr
    lock.write_text(text.replace(ours, without))
    code, _, err = run("validate")
    assert code == 2
    assert f"tools/requirements.txt:5:1: ./tools/{OURS} has no hash" in err


@pytest.mark.parametrize("name", ["mlops-at-edge==0.1.0", "MLOps_at.Edge[publisher]", "greengrass-emulator>=0.1"])
def test_a_lock_that_asks_an_index_for_our_name_is_named(run: Run, tmp_path: Path, name: str) -> None:
    assert run("init")[0] == 0
    lock = tmp_path / "tools/build.txt"
    lock.write_text(lock.read_text() + f"{name} --hash=sha256:{'0' * 64}\n")
    code, _, err = run("validate")
    assert code == 2
    assert "is asked of an index, where anybody may have registered that name" in err
