"""Builds of `python` components: packages, and the wheels that the lock names for each platform."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared_schema.digests import sha256_of_file

Run = Callable[..., Any]


def _wheel(folder: Path, name: str, version: str, tag: str = "py3-none-any") -> None:
    """A real, tiny wheel: what pip downloads in the tests, which have no network."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", "")


def _lock(index: Path, *pins: str) -> str:
    """A lock of these versions, with the hashes of the wheels of them that are there."""
    lines = []
    for pin in pins:
        wheels = index.glob(f"{pin.replace('==', '-')}-*.whl")
        hashes = [f"    --hash=sha256:{sha256_of_file(wheel)}" for wheel in sorted(wheels)]
        lines.append(" \\\n".join([pin, *(hashes or [f"    --hash=sha256:{'0' * 64}"])]))
    return "# Written by a test.\n" + "\n".join(lines) + "\n"


@pytest.fixture
def agent(repository: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """An agent that wants two wheels, which lie in a folder."""
    for name, version in (("tinylib", "1.0"), ("tinylib", "1.1"), ("otherlib", "2.0")):
        _wheel(tmp_path / "index", name, version)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    repository.write("edge_agent/__init__.py", "")
    repository.write("other_package/__init__.py", "")
    repository.write(
        "pyproject.toml",
        """\
        [project]
        name = "x"
        version = "1"
        dependencies = ["tinylib>=1"]
        [project.optional-dependencies]
        agent = ["otherlib"]
        """,
    )
    repository.write("requirements.txt", _lock(tmp_path / "index", "tinylib==1.0", "otherlib==2.0"))
    repository.config(
        """\
        agent:
          component-name: PREFIX.agent
          root: .
          build:
            build_system: python
            packages: [edge_agent]
            extra: agent
            platforms: [manylinux_2_28_aarch64]
          agent: {}
        """,
        top="application: lines\n",
    )
    return repository


def test_a_python_build_carries_its_packages_and_the_pinned_wheels(run: Run, agent: Any, bucket: Any) -> None:
    ran = run("build")
    assert ran.code == 0, ran.err
    packed = bucket.zip(agent.component("agent")["artifacts"][0]["uri"])
    assert packed.namelist() == [
        "edge_agent/__init__.py",
        "requirements.txt",
        "wheels/otherlib-2.0-py3-none-any.whl",
        "wheels/tinylib-1.0-py3-none-any.whl",
    ]
    for manifest in agent.recipe("agent")["Manifests"]:
        assert manifest["Platform"]["architecture"] == "aarch64"


def test_a_new_pin_is_new_content_and_a_new_comment_is_not(run: Run, agent: Any, tmp_path: Path) -> None:
    run("build")
    agent.write("requirements.txt", "\n# still\n" + _lock(tmp_path / "index", "otherlib==2.0", "tinylib==1.0"))
    run("build")
    assert agent.component("agent")["reused"]
    agent.write("requirements.txt", _lock(tmp_path / "index", "tinylib==1.1", "otherlib==2.0"))
    run("build")
    assert agent.component("agent")["version"] == "1.0.1"


def test_a_pin_that_has_no_wheel_is_one_clear_error(run: Run, agent: Any, bucket: Any) -> None:
    agent.write("requirements.txt", _lock(agent.folder, "tinylib==3.0", "otherlib==2.0"))
    ran = run("build")
    assert ran.code == 1
    assert "agent: there is no wheel of tinylib==3.0 for Python 3.11 on manylinux_2_28_aarch64" in ran.err
    assert "lock versions in requirements.txt that have wheels for Python 3.11 on manylinux_2_28_aarch64" in ran.err
    assert bucket.keys() == []


def test_a_wheel_with_other_bytes_than_the_lock_knows_is_not_carried(run: Run, agent: Any, bucket: Any) -> None:
    agent.write("requirements.txt", f"tinylib==1.0 --hash=sha256:{'0' * 64}\notherlib==2.0 --hash=sha256:{'1' * 64}\n")
    ran = run("build")
    assert ran.code == 1
    assert "DO NOT MATCH THE HASHES" in ran.err
    assert bucket.keys() == []


@pytest.mark.parametrize(
    ("lock", "problem"),
    [
        ("tinylib==1.0\n", "requirements.txt:1:1: tinylib has no hash"),
        ("tinylib>=1 --hash=sha256:" + "0" * 64, "requirements.txt:1:1: tinylib has no exact version"),
        ("otherlib==2.0 --hash=sha256:" + "0" * 64, "requirements.txt has no tinylib>=1"),
        ("tinylib==0.9 --hash=sha256:" + "0" * 64, "requirements.txt has no tinylib>=1, but 0.9"),
        ("-e .\n", "requirements.txt:1:1: '-e' is no package with its version"),
    ],
)
def test_a_lock_that_leaves_something_open_is_refused(run: Run, agent: Any, lock: str, problem: str) -> None:
    agent.write("requirements.txt", lock)
    ran = run("validate")
    assert ran.code == 2
    assert problem in ran.err
    assert "uv pip compile --universal --generate-hashes" in ran.err


def test_each_architecture_gets_an_artifact_with_its_own_wheels(
    run: Run, agent: Any, bucket: Any, tmp_path: Path
) -> None:
    text = (agent.folder / "greengrass-config.yml").read_text()
    platforms = "[manylinux_2_28_aarch64, manylinux_2_28_x86_64]"
    agent.write("greengrass-config.yml", text.replace("[manylinux_2_28_aarch64]", platforms))
    (tmp_path / "index/otherlib-2.0-py3-none-any.whl").unlink()
    # One for an older glibc than the devices have: it runs there.
    tags = {"aarch64": "cp311-cp311-manylinux2014_aarch64", "amd64": "cp311-cp311-manylinux_2_28_x86_64"}
    for tag in tags.values():
        _wheel(tmp_path / "index", "otherlib", "2.0", tag)
    agent.write("requirements.txt", _lock(tmp_path / "index", "tinylib==1.0", "otherlib==2.0"))
    ran = run("build")
    assert ran.code == 0, ran.err
    uris = {Path(each["uri"]).name: each["uri"] for each in agent.component("agent")["artifacts"]}
    assert set(uris) == {"agent-aarch64.zip", "agent-amd64.zip"}
    for architecture, tag in tags.items():
        names = bucket.zip(uris[f"agent-{architecture}.zip"]).namelist()
        assert [name for name in names if "otherlib" in name] == [f"wheels/otherlib-2.0-{tag}.whl"]
        assert "edge_agent/__init__.py" in names
    manifests = agent.recipe("agent")["Manifests"]
    assert [each["Platform"]["architecture"] for each in manifests] == ["aarch64", "amd64"]


def test_a_requirement_without_a_wheel_for_one_of_the_platforms_is_named_with_it(
    run: Run, agent: Any, bucket: Any, tmp_path: Path
) -> None:
    text = (agent.folder / "greengrass-config.yml").read_text()
    platforms = "[manylinux_2_28_aarch64, manylinux_2_28_x86_64]"
    agent.write("greengrass-config.yml", text.replace("[manylinux_2_28_aarch64]", platforms))
    (tmp_path / "index/otherlib-2.0-py3-none-any.whl").unlink()
    _wheel(tmp_path / "index", "otherlib", "2.0", "cp311-cp311-manylinux_2_28_aarch64")
    agent.write("requirements.txt", _lock(tmp_path / "index", "tinylib==1.0", "otherlib==2.0"))
    ran = run("build")
    assert ran.code == 1
    assert "agent: there is no wheel of otherlib==2.0 for Python 3.11 on manylinux_2_28_x86_64" in ran.err
    assert bucket.keys() == []


PROGRAM = """\
program:
  component-name: PREFIX.program
  root: .
  build: {build_system: python, packages: [edge_agent], extra: agent, platforms: PLATFORMS}
  Manifests:
    - Platform: {os: linux, architecture: aarch64}
      Lifecycle: {Run: exit 0}
      Artifacts: [{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/arm.zip", Unarchive: ZIP}]
    - Platform: {os: linux}
      Lifecycle: {Run: exit 0}
      Artifacts: [{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/any.zip", Unarchive: ZIP}]
"""


def test_a_program_s_artifacts_hold_the_wheels_for_the_manifests_that_list_them(
    run: Run, agent: Any, bucket: Any, tmp_path: Path
) -> None:
    agent.config(PROGRAM.replace("PLATFORMS", "[manylinux_2_28_aarch64, manylinux_2_28_x86_64]"))
    (tmp_path / "index/otherlib-2.0-py3-none-any.whl").unlink()
    for machine in ("aarch64", "x86_64"):
        _wheel(tmp_path / "index", "otherlib", "2.0", f"cp311-cp311-manylinux_2_28_{machine}")
    agent.write("requirements.txt", _lock(tmp_path / "index", "tinylib==1.0", "otherlib==2.0"))
    ran = run("build")
    assert ran.code == 0, ran.err
    wheels = {
        Path(each["uri"]).name: sum("otherlib" in name for name in bucket.zip(each["uri"]).namelist())
        for each in agent.component("program")["artifacts"]
    }
    assert wheels == {"arm.zip": 1, "any.zip": 2}


def test_a_manifest_for_an_architecture_without_wheels_is_refused(run: Run, agent: Any) -> None:
    agent.config(PROGRAM.replace("PLATFORMS", "[manylinux_2_28_x86_64]"))
    ran = run("validate")
    assert ran.code == 2
    assert "there are no wheels for aarch64: build.platforms has manylinux_2_28_x86_64" in ran.err + ran.out


SIMPLE_PROGRAM = """\
program:
  component-name: PREFIX.program
  root: .
  build: {build_system: python, packages: [edge_agent], extra: agent, platforms: PLATFORMS}
  Artifacts: [{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/program.zip", Unarchive: ZIP}]
  Lifecycle:
    SetEnv: {PYTHONPATH: "{artifacts:decompressedPath}/program"}
    Install: "unzip -t {artifacts:path}/program.zip"
    Run: {Script: "python3 {artifacts:decompressedPath}/program/main.py {work:path}/program/x programs"}
"""


def test_a_program_that_lists_one_artifact_gets_one_for_each_architecture(
    run: Run, agent: Any, bucket: Any, tmp_path: Path
) -> None:
    agent.config(SIMPLE_PROGRAM.replace("PLATFORMS", "[manylinux_2_28_aarch64, manylinux_2_28_x86_64]"))
    (tmp_path / "index/otherlib-2.0-py3-none-any.whl").unlink()
    for machine in ("aarch64", "x86_64"):
        _wheel(tmp_path / "index", "otherlib", "2.0", f"cp311-cp311-manylinux_2_28_{machine}")
    agent.write("requirements.txt", _lock(tmp_path / "index", "tinylib==1.0", "otherlib==2.0"))
    assert run("validate").code == 0
    ran = run("build")
    assert ran.code == 0, ran.err
    wheels = {
        Path(each["uri"]).name: [name for name in bucket.zip(each["uri"]).namelist() if "otherlib" in name]
        for each in agent.component("program")["artifacts"]
    }
    assert wheels == {
        "program-aarch64.zip": ["wheels/otherlib-2.0-cp311-cp311-manylinux_2_28_aarch64.whl"],
        "program-amd64.zip": ["wheels/otherlib-2.0-cp311-cp311-manylinux_2_28_x86_64.whl"],
    }
    manifests = agent.recipe("program")["Manifests"]
    assert [each["Platform"]["architecture"] for each in manifests] == ["aarch64", "amd64"]
    assert [Path(each["Artifacts"][0]["Uri"]).name for each in manifests] == list(wheels)
    lifecycle = manifests[0]["Lifecycle"]
    assert lifecycle["Setenv"]["PYTHONPATH"] == "{artifacts:decompressedPath}/program-aarch64"
    assert lifecycle["install"] == "unzip -t {artifacts:path}/program-aarch64.zip"
    assert lifecycle["run"]["Script"] == (
        "python3 {artifacts:decompressedPath}/program-aarch64/main.py {work:path}/program/x programs"
    )
    run("build")
    assert agent.component("program")["reused"]
