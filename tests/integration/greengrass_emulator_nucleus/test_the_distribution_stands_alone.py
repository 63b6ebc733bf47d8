"""The emulator's wheel works without this repository's other packages."""

import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
OTHERS = ("cloud_publisher", "edge_agent", "shared_schema", "infra_policies", "rehearsal")
HIDING = f"""
import importlib.abc, sys
class Hiding(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {OTHERS!r}:
            raise ModuleNotFoundError(f"{{name}} is hidden", name=name)
sys.meta_path.insert(0, Hiding())
sys.path.insert(0, sys.argv.pop(1))
"""
IMPORT_ALL = """
import importlib, pathlib, sys
folder = pathlib.Path(sys.path[0])
for path in sorted((folder / "greengrass_emulator").rglob("*.py")):
    if path.name != "__main__.py":
        parts = path.relative_to(folder).with_suffix("").parts
        module = importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        assert module.__file__ == str(path), module.__file__
        print(module.__name__)
"""
RUN_COMMAND = """
from greengrass_emulator.cli.main import main
sys.argv[0] = "greengrass-emulator"
main()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    # A copy: setuptools builds beside its sources, and would pack what an earlier build has left there.
    source = shutil.copytree(
        REPOSITORY / "emulator", folder / "source", ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    )
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(source)], check=True, timeout=100, capture_output=True)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def alone(wheel: Path, tmp_path: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", HIDING + program, str(wheel), *arguments]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)


def test_the_other_packages_are_hidden(wheel: Path, tmp_path: Path) -> None:
    for name in OTHERS:
        assert "is hidden" in alone(wheel, tmp_path, f"import {name}").stderr


def test_every_module_can_be_imported(wheel: Path, tmp_path: Path) -> None:
    done = alone(wheel, tmp_path, IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    sources = [path for path in (REPOSITORY / "emulator").rglob("*.py") if path.name != "__main__.py"]
    assert len(done.stdout.splitlines()) == len([path for path in sources if "build" not in path.parts])


def test_its_command_shows_its_help(wheel: Path, tmp_path: Path) -> None:
    done = alone(wheel, tmp_path, RUN_COMMAND, "--help")
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in ("up", "provision", "nucleus", "deploy", "status", "fault"))


def test_it_brings_its_data_its_types_and_its_entry_points(wheel: Path) -> None:
    package = REPOSITORY / "emulator" / "greengrass_emulator"
    data = {
        path.relative_to(package)
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc", ".md"}
    }
    assert Path("py.typed") in data
    assert [path for path in data if not (wheel / "greengrass_emulator" / path).is_file()] == []
    (declared,) = wheel.glob("*.dist-info/entry_points.txt")
    entry_points = ConfigParser()
    entry_points.read(declared)
    assert dict(entry_points["console_scripts"]) == {"greengrass-emulator": "greengrass_emulator.cli.main:main"}
    assert dict(entry_points["pytest11"]) == {"greengrass-emulator": "greengrass_emulator.testing"}
