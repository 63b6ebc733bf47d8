"""The agent is built from the wheel in ``tools/``: only what the device needs, and only if it is the locked one."""

import base64
import hashlib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared_schema.digests import sha256_of_file

Run = Callable[..., Any]
TOOLS = "tools"
WHEEL = "mlops_at_edge-0.1.0-py3-none-any.whl"
METADATA = """\
Metadata-Version: 2.4
Name: mlops-at-edge
Version: 0.1.0
Requires-Dist: tinylib>=1
Provides-Extra: agent
Requires-Dist: otherlib>=2; extra == "agent"
Requires-Dist: neverlib; extra == "publisher"
Provides-Extra: publisher
"""
SOURCES = {
    "edge_agent/__init__.py": "",
    "edge_agent/tasks/task.py": "TASK = 1\n",
    "shared_schema/__init__.py": "",
    "shared_schema/desired_state.py": 'FIRST = "a/1"\nFORMS = (FIRST, "a/2")\n',
    "shared_schema/json_schemas/config.json": "{}",
    "cloud_publisher/__init__.py": "",
    "rehearsal/__init__.py": "",
    "mlops_at_edge-0.1.0.data/data/share/mlops-at-edge/README.md": "",
}


def _wheel(path: Path, sources: Mapping[str, str], metadata: str = METADATA) -> Path:
    path.parent.mkdir(exist_ok=True)
    info = f"{'-'.join(path.name.split('-')[:2])}.dist-info"
    files = {
        **sources,
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},"
        for name, text in files.items()
    ]
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**files, f"{info}/RECORD": "\n".join([*record, ""])}.items():
            wheel.writestr(name, text)
    return path


def _tinylib(folder: Path, name: str, version: str) -> str:
    path = _wheel(
        folder / f"{name}-{version}-py3-none-any.whl",
        {f"{name}.py": ""},
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    )
    return f"{name}=={version} --hash=sha256:{sha256_of_file(path)}\n"


@pytest.fixture
def agent(repository: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A repository that carries the agent's wheel, and the wheels of others in a folder that pip is told of."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    lock = _tinylib(tmp_path / "index", "tinylib", "1.0") + _tinylib(tmp_path / "index", "otherlib", "2.0")
    repository.write("requirements.txt", lock)
    _carry(repository, SOURCES)
    _config(repository)
    return repository


def _carry(repository: Any, sources: Mapping[str, str], metadata: str = METADATA) -> Path:
    path = _wheel(repository.folder / TOOLS / WHEEL, sources, metadata)
    _lock(repository, f"    --hash=sha256:{sha256_of_file(path)}")
    return path


def _lock(repository: Any, hashes: str) -> None:
    repository.write(
        f"{TOOLS}/requirements.txt",
        f"rich==14.0 \\\n    --hash=sha256:{'0' * 64}\n./{TOOLS}/{WHEEL}[publisher,digits] \\\n{hashes}\n",
    )


def _config(repository: Any, more: str = "", extra: str = "agent") -> None:
    repository.config(
        f"""\
        agent:
          component-name: PREFIX.agent
          root: .
          build:
            build_system: python
            distribution: mlops-at-edge
            extra: {extra}
            platforms: [manylinux_2_28_aarch64]
            {more}
          agent: {{}}
        """,
        top="application: lines\n",
    )


def _packed(repository: Any, bucket: Any) -> zipfile.ZipFile:
    packed: zipfile.ZipFile = bucket.zip(repository.component("agent")["artifacts"][0]["uri"])
    return packed


def test_of_the_wheel_the_device_gets_the_agent_alone_and_its_extras_wheels(
    run: Run, agent: Any, bucket: Any, tmp_path: Path
) -> None:
    ran = run("build", "-v")
    assert ran.code == 0, ran.err
    assert _packed(agent, bucket).namelist() == [
        "edge_agent/__init__.py",
        "edge_agent/tasks/task.py",
        "requirements.txt",
        "shared_schema/__init__.py",
        "shared_schema/desired_state.py",
        "wheels/otherlib-2.0-py3-none-any.whl",
        "wheels/tinylib-1.0-py3-none-any.whl",
    ]
    assert _packed(agent, bucket).read("edge_agent/tasks/task.py") == b"TASK = 1\n"
    assert agent.component("agent")["forms"] == ["a/1", "a/2"]
    assert "agent: left out: shared_schema/json_schemas/" in ran.out


def test_packages_of_the_repository_go_in_beside_the_wheel_s(run: Run, agent: Any, bucket: Any) -> None:
    agent.write("our_decoders/__init__.py", "OURS = 1\n")
    _config(agent, "packages: [our_decoders]")
    ran = run("build")
    assert ran.code == 0, ran.err
    names = _packed(agent, bucket).namelist()
    assert {"our_decoders/__init__.py", "edge_agent/__init__.py"} <= set(names)


def test_a_new_tool_with_the_same_agent_is_no_new_agent(run: Run, agent: Any) -> None:
    run("build")
    _carry(agent, {**SOURCES, "cloud_publisher/__init__.py": "NEW = 1\n"})
    run("build")
    assert agent.component("agent")["reused"]
    _carry(agent, {**SOURCES, "edge_agent/tasks/task.py": "TASK = 2\n"})
    planned = run("plan")
    assert planned.code == 3, planned.err
    assert "edge_agent/tasks/task.py" in planned.out
    run("build")
    assert agent.component("agent")["version"] == "1.0.1"


def test_the_copied_form_and_the_wheel_are_the_same_agent(run: Run, agent: Any) -> None:
    run("build")
    for name, text in SOURCES.items():
        if name.startswith(("edge_agent/", "shared_schema/")):
            agent.write(name, text)
    agent.write(
        "pyproject.toml",
        "[project]\nname = 'x'\nversion = '1'\ndependencies = ['tinylib>=1']\n"
        "[project.optional-dependencies]\nagent = ['otherlib>=2']\n",
    )
    text = (agent.folder / "greengrass-config.yml").read_text()
    copied = "packages: [edge_agent, shared_schema]\n      exclude: [json_schemas/]"
    agent.write("greengrass-config.yml", text.replace("distribution: mlops-at-edge", copied))
    ran = run("build")
    assert ran.code == 0, ran.err
    assert agent.component("agent")["reused"]


def test_wheels_of_others_are_found_in_tools_too(
    run: Run, agent: Any, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_FIND_LINKS")
    for wheel in (tmp_path / "index").iterdir():
        wheel.rename(agent.folder / TOOLS / wheel.name)
    ran = run("build")
    assert ran.code == 0, ran.err
    assert "wheels/tinylib-1.0-py3-none-any.whl" in _packed(agent, bucket).namelist()


def _gone(agent: Any) -> None:
    (agent.folder / TOOLS / WHEEL).unlink()


def _no_tools(agent: Any) -> None:
    _gone(agent)
    (agent.folder / TOOLS / "requirements.txt").unlink()
    (agent.folder / TOOLS).rmdir()


def _twice(agent: Any) -> None:
    _wheel(agent.folder / TOOLS / WHEEL.replace("0.1.0", "0.2.0"), SOURCES)


def _one_byte(agent: Any) -> None:
    path = agent.folder / TOOLS / WHEEL
    content = bytearray(path.read_bytes())
    content[content.index(b"TASK = 1") + 7] ^= 1
    path.write_bytes(content)


def _no_lock(agent: Any) -> None:
    (agent.folder / TOOLS / "requirements.txt").unlink()


def _not_locked(agent: Any) -> None:
    agent.write(f"{TOOLS}/requirements.txt", f"rich==14.0 --hash=sha256:{'0' * 64}\n./{TOOLS}/{WHEEL}\n")


def _no_wheel(agent: Any) -> None:
    path = agent.write(f"{TOOLS}/{WHEEL}", "no zip")
    _lock(agent, f"    --hash=sha256:{sha256_of_file(path)}")


def _without_the_agent(agent: Any) -> None:
    _carry(agent, {name: text for name, text in SOURCES.items() if not name.startswith("edge_agent/")})


def _other_extra(agent: Any) -> None:
    _config(agent, extra="agnet")


def _absent_package(agent: Any) -> None:
    agent.write("our_decoders/__init__.py", "")
    _config(agent, "packages: [our_decoder]")


def _same_package(agent: Any) -> None:
    agent.write("edge_agent/__init__.py", "")
    _config(agent, "packages: [edge_agent]")


def _requirement_not_locked(agent: Any) -> None:
    _carry(agent, SOURCES, METADATA.replace("otherlib>=2", "otherlib>=3"))


def _no_agent(agent: Any) -> None:
    _config(agent)
    text = (agent.folder / "greengrass-config.yml").read_text()
    agent.write("greengrass-config.yml", text.replace("agent: {}", "Lifecycle: {Run: exit 0}"))


def _other_distribution(agent: Any) -> None:
    text = (agent.folder / "greengrass-config.yml").read_text()
    agent.write("greengrass-config.yml", text.replace("mlops-at-edge", "mlops-at-egde"))


UPGRADE = "cloud-publisher init --upgrade"
FAULTS = [
    (_gone, "build.distribution: there is no wheel of mlops-at-edge in tools/", UPGRADE),
    (_no_tools, "build.distribution: there is no wheel of mlops-at-edge in tools/", UPGRADE),
    (_twice, "build.distribution: tools/ has mlops_at_edge-0.1.0", "remove all but the one that tools/"),
    (_one_byte, f"build.distribution: tools/{WHEEL} is not the file that tools/requirements.txt names", UPGRADE),
    (_no_lock, f"tools/requirements.txt, which has the hash of {WHEEL}, cannot be read: No such file", UPGRADE),
    (_not_locked, f"build.distribution: tools/requirements.txt has no hash of {WHEEL}", UPGRADE),
    (_no_wheel, f"build.distribution: tools/{WHEEL} is no wheel that can be read", UPGRADE),
    (_without_the_agent, f"build.distribution: {WHEEL} has no edge_agent", UPGRADE),
    (_other_extra, "build.extra: mlops-at-edge has no extra 'agnet'", "did you mean 'agent'?"),
    (_absent_package, "build.packages[0]: there is no package 'our_decoder'", "did you mean 'our_decoders'?"),
    (_same_package, "build.packages[0]: 'edge_agent' is in the wheel of mlops-at-edge already", "take it out"),
    (_requirement_not_locked, "build.requirements: requirements.txt has no otherlib>=3, but 2.0", UPGRADE),
    (_no_agent, "build.distribution: mlops-at-edge has the agent, and this component is another", "add agent:"),
    (_other_distribution, "build.distribution", "did you mean 'mlops-at-edge'?"),
]


@pytest.mark.parametrize(("spoil", "problem", "remedy"), FAULTS, ids=[spoil.__name__ for spoil, *_ in FAULTS])
def test_what_is_wrong_with_the_wheel_is_named_and_nothing_is_built(
    run: Run, agent: Any, bucket: Any, spoil: Callable[[Any], None], problem: str, remedy: str
) -> None:
    assert run("validate").code == 0
    spoil(agent)
    for command in ("validate", "build"):
        ran = run(command)
        assert ran.code == 2, ran.out
        assert "greengrass-config.yml:" in ran.err
        assert problem in ran.err
        assert remedy in ran.err
    assert bucket.keys() == []
