"""`cloud-publisher init --upgrade`: newer files of ours come in, people's own stay, and all or nothing is done."""

import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from cloud_publisher.errors import WorkFailedError
from cloud_publisher.initialising.record import digest_of, is_ours
from cloud_publisher.initialising.replacing import apply_changes
from cloud_publisher.initialising.upgrade_plan import Change

Run = Callable[..., tuple[int, str, str]]
BEFORE = Path(__file__).parent / "before_there_was_tools.tar.xz"
"""What `init --stage dev=… --stage preprod=… --stage prod=…` wrote before it wrote tools/."""
RECORD = "tools/written.json"


def state_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A repository that the last `init` without tools/ made."""
    with tarfile.open(BEFORE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture
def new(run: Run, tmp_path: Path) -> Path:
    """A repository of this version."""
    assert run("init")[0] == 0
    return tmp_path


def as_an_older_one(folder: Path, name: str, text: str | None) -> None:
    """Make a file what an older `init` would have written, by its record too; None: that one wrote no such file."""
    record = json.loads((folder / RECORD).read_text())
    if text is None:
        (folder / name).unlink()
        del record["files"][name]
    else:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        record["files"][name] = digest_of(text.encode())
    (folder / RECORD).write_text(json.dumps(record))


def test_a_repository_from_before_there_was_tools_is_brought_over(run: Run, old: Path) -> None:
    before = state_of(old)
    assert "cloud-publisher" in run("init", "--upgrade")[1]
    assert state_of(old) == before
    code, out, _ = run("init", "--upgrade", "--yes")
    assert code == 0
    assert re.search(r"^-.*pip install --quiet 'mlops-at-edge\[publisher\]==0.1.0'$", out, re.MULTILINE)
    assert re.search(r"^\+ tools/mlops_at_edge-0.1.0-py3-none-any.whl  \(sha256:[0-9a-f]{12}…\)$", out, re.MULTILINE)
    after = state_of(old)
    assert not [name for name in after if ".new" in name]
    # People's own are as they were: the config with its accounts, the template, the models, the parameters.
    people = [name for name in before if not is_ours(PurePosixPath(name))]
    assert {"greengrass-config.yml", "deployment.json", "infrastructure/parameters/dev.dev-account.json"} < {*people}
    assert {name: after[name] for name in people} == {name: before[name] for name in people}
    # Its agent goes on being built from the copied sources, and those are this version's.
    root = Path(__file__).parents[3]
    sources = [
        path.relative_to(root) for each in ("edge_agent", "shared_schema") for path in (root / each).rglob("*.py")
    ]
    assert sources
    for path in sources:
        assert after[f"agent/{path.as_posix()}"] == (root / path).read_bytes(), path
    assert {Path(name).relative_to("agent") for name in after if re.match(r"agent/.*\.py$", name)} == {*sources}
    for name in ("buildspec.build.yml", "buildspec.deploy.yml"):
        assert b"--require-hashes --only-binary :all: --requirement tools/" in after[name]
    assert run("validate") == (0, "greengrass-config.yml: 2 components (agent, digits), no faults\n", "")
    code, out, _ = run("init", "--upgrade")
    assert code == 0
    assert "nothing to do" in out
    assert state_of(old) == after


def test_in_a_pipeline_it_shows_and_ends_and_writes_nothing(run: Run, old: Path) -> None:
    before = state_of(old)
    code, out, _ = run("init", "--upgrade", "--json")
    assert code == 3
    document = json.loads(out)
    assert document["written"] is False
    assert {"file": "tools/requirements.txt", "change": "add"} in document["changes"]
    assert {"file": "buildspec.build.yml", "change": "replace"} in document["changes"]
    code, out, _ = run("init", "--upgrade")
    assert code == 3
    assert "--yes writes these" in out
    assert state_of(old) == before


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 3), ("", 3)])
def test_on_a_terminal_it_asks(run: Run, old: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    asked: list[str] = []

    def confirm(question: str) -> bool:
        asked.append(question)
        return answer == "y"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", confirm)
    assert run("init", "--upgrade")[0] == code
    assert len(asked) == 1
    assert (old / "tools").exists() == (code == 0)


def test_files_that_a_team_changed_stay_and_the_new_ones_go_beside_them(run: Run, old: Path) -> None:
    for name in ("buildspec.build.yml", "README.md", "agent/edge_agent/__main__.py"):
        with (old / name).open("a") as file:
            file.write("# ours\n")
    before = state_of(old)
    code, out, _ = run("init", "--upgrade", "--yes")
    assert code == 0
    after = state_of(old)
    for name in before:
        if name.startswith("agent/") or name in {"buildspec.build.yml", "README.md"}:
            assert after[name] == before[name], name
    assert b"tools/build.txt" in after["buildspec.build.yml.new"]
    assert b"tools/" in after["README.md.new"]
    assert b"tools/requirements.txt" in after["buildspec.deploy.yml"]
    assert "buildspec.build.yml was changed here, and stays as it is" in out
    assert re.search(r"^-# ours$", out, re.MULTILINE)
    assert run("validate")[0] == 0
    # Said once: what is in the .new files is known now.
    assert "nothing to do" in run("init", "--upgrade")[1]
    # And if it was merged and removed, it does not come back.
    (old / "README.md.new").unlink()
    assert "nothing to do" in run("init", "--upgrade")[1]


def test_of_a_folder_whose_files_fit_each_other_nothing_is_mixed(run: Run, new: Path) -> None:
    as_an_older_one(new, "tools/mlops_at_edge-0.0.9-py3-none-any.whl", "an older wheel")
    with (new / "tools/build.txt").open("a") as lock:
        lock.write("# with a package of ours\n")
    before = {name: content for name, content in state_of(new).items() if name.startswith("tools/")}
    code, out, _ = run("init", "--upgrade", "--yes")
    assert code == 0
    after = state_of(new)
    del before[RECORD]
    assert {name: after[name] for name in before} == before
    assert {name.removeprefix("tools.new/") for name in after if name.startswith("tools.new/")} == {
        name.removeprefix("tools/") for name in before if "0.0.9" not in name
    }
    assert "tools/ was changed here, and stays as it is. The new one goes to tools.new/" in out


def test_a_newer_tool_takes_the_place_of_the_older_one(run: Run, new: Path) -> None:
    current = state_of(new)
    as_an_older_one(new, "tools/mlops_at_edge-0.1.0-py3-none-any.whl", None)
    as_an_older_one(new, "tools/mlops_at_edge-0.0.9-py3-none-any.whl", "an older wheel")
    as_an_older_one(new, "tools/requirements.txt", "older==1\n")
    as_an_older_one(new, "Makefile", None)
    (new / "tools/wheel_of_ours-1-py3-none-any.whl").write_text("a team's own")
    code, out, _ = run("init", "--upgrade", "--yes")
    assert code == 0
    assert re.search(r"^- tools/mlops_at_edge-0.0.9-py3-none-any.whl  \(sha256:", out, re.MULTILINE)
    assert re.search(r"^\+ tools/mlops_at_edge-0.1.0-py3-none-any.whl  \(sha256:", out, re.MULTILINE)
    after = state_of(new)
    assert after.pop("tools/wheel_of_ours-1-py3-none-any.whl") == b"a team's own"
    assert after == current


def test_what_a_team_removed_does_not_come_back_but_for_the_tool(run: Run, new: Path) -> None:
    (new / "buildspec.deploy.yml").unlink()
    (new / "tools/requirements.txt").unlink()
    assert run("init", "--upgrade", "--yes")[0] == 0
    assert not (new / "buildspec.deploy.yml").exists()
    assert (new / "tools/requirements.txt").is_file()
    assert "nothing to do" in run("init", "--upgrade")[1]


def test_once_the_agent_comes_from_tools_its_sources_go_and_what_the_team_added_stays(run: Run, old: Path) -> None:
    assert "agent is built from the sources in agent/" in run("init", "--upgrade", "--yes")[2]
    config = old / "greengrass-config.yml"
    text = config.read_text()
    for before, after in (
        ("packages: [edge_agent, shared_schema]", "distribution: mlops-at-edge\n      packages: [our_decoders]"),
        ("wheels: false", "wheels: true"),
    ):
        assert before in text
        text = text.replace(before, after)
    config.write_text(text)
    (old / "agent/our_decoders").mkdir()
    (old / "agent/our_decoders/__init__.py").write_text("")
    code, out, err = run("init", "--upgrade", "--yes")
    assert (code, err) == (0, "")
    assert re.search(r"^- agent/edge_agent/__main__.py$", out, re.MULTILINE)
    assert {*state_of(old / "agent")} == {"our_decoders/__init__.py", "requirements.txt"}
    assert sorted(path.name for path in (old / "agent").iterdir()) == ["our_decoders", "requirements.txt"]
    assert run("validate")[0] == 0


def test_the_emulator_of_a_repository_stays_where_none_is_installed(
    run: Run, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = state_of(new)
    as_an_older_one(new, "tools/rehearsal.txt", "older==1\n")
    monkeypatch.setattr("cloud_publisher.initialising.tools.is_installed", lambda _name: False)
    code, _, err = run("init", "--upgrade", "--yes")
    assert (code, err) == (0, "")
    assert state_of(new) == current


def test_a_wheel_that_somebody_damaged_is_written_anew(run: Run, new: Path) -> None:
    current = state_of(new)
    wheel = new / "tools/mlops_at_edge-0.1.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes()[:-1])
    assert run("validate")[0] == 2
    code, out, _ = run("init", "--upgrade", "--yes")
    assert code == 0
    assert re.search(r"^~ tools/mlops_at_edge-0.1.0-py3-none-any.whl  \(sha256:.*… → sha256:.*…\)$", out, re.MULTILINE)
    assert state_of(new) == current


def test_newer_stacks_come_into_a_repository_that_has_some(run: Run, old: Path) -> None:
    assert run("init", "--upgrade", "--yes")[0] == 0
    current = (old / "infrastructure/dev-account.yaml").read_bytes()
    as_an_older_one(old, "infrastructure/dev-account.yaml", "Resources: {}\n")
    code, out, _ = run("init", "--upgrade", "--yes")
    assert code == 0
    assert "policies parameters --out infrastructure/parameters" in out
    assert (old / "infrastructure/dev-account.yaml").read_bytes() == current


def test_stacks_that_were_written_later_count_as_ours_too(run: Run, new: Path, tmp_path: Path) -> None:
    with tarfile.open(BEFORE) as archive:
        archive.extract("./greengrass-config.yml", tmp_path / "other", filter="data")
    assert run("init", "--from-config", "other/greengrass-config.yml")[0] == 0
    written = json.loads((new / RECORD).read_text())["files"]
    assert {"infrastructure/dev-account.yaml", "infrastructure/README.md"} < {*written}
    assert not [name for name in written if "parameters" in name]


def test_a_record_that_names_files_of_others_is_not_believed(run: Run, new: Path) -> None:
    outside = new.parent / "outside"
    outside.write_text("mine")
    record = json.loads((new / RECORD).read_text())
    digest = digest_of(b"mine")
    record["files"] |= {"../outside": digest, "tools/../../outside": digest, str(outside): digest, "LICENSE": digest}
    (new / RECORD).write_text(json.dumps(record))
    (new / "LICENSE").write_text("mine")
    assert run("init", "--upgrade", "--yes")[0] == 0
    assert outside.read_text() == (new / "LICENSE").read_text() == "mine"


def test_a_record_that_is_none_is_named(run: Run, new: Path) -> None:
    (new / RECORD).write_text("{")
    code, _, err = run("init", "--upgrade", "--yes")
    assert code == 2
    assert f"{RECORD}: it is no record of what `init` wrote" in err


def test_a_folder_in_the_place_of_a_file_is_told_and_nothing_is_written(run: Run, old: Path) -> None:
    (old / "Makefile").mkdir()
    before = state_of(old)
    code, _, err = run("init", "--upgrade", "--yes")
    assert code == 1
    assert "Makefile cannot be read" in err
    assert state_of(old) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--upgrade", "--stage", "dev=111111111111:eu-west-1"), "--upgrade is for a repository that exists"),
        (("--upgrade", "--platform", "this"), "--upgrade is for a repository that exists"),
        (("--yes",), "--yes is given without --upgrade"),
        (("--tools-python", "3.12"), "without --offline-tools"),
        (("--offline-tools", "--tools-python", "three"), "--tools-python: 'three'"),
        (("--offline-tools", "--tools-platform", "Amazon"), "--tools-platform: 'Amazon'"),
        (("--upgrade",), "make a new repository with `cloud-publisher init`"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    run: Run, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    code, _, err = run("init", *words)
    assert code == 2
    assert told in err
    assert not [*tmp_path.iterdir()]


def test_an_error_in_the_middle_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    for name in ("a/replaced", "a/removed", "file"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("before")
    before = state_of(tmp_path)
    changes = [
        Change(PurePosixPath("a/replaced"), b"before", b"after"),
        Change(PurePosixPath("a/removed"), b"before", None),
        Change(PurePosixPath("b/c/added"), None, b"after"),
        Change(PurePosixPath("file/no-folder"), None, b"after"),
    ]
    with pytest.raises(WorkFailedError, match="nothing was changed"):
        apply_changes(tmp_path, changes)
    assert state_of(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "file"]
    apply_changes(tmp_path, changes[:-1])
    assert state_of(tmp_path) == {"a/replaced": b"after", "b/c/added": b"after", "file": b"before"}


def test_a_file_that_changes_while_somebody_reads_the_difference_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("before")
    (tmp_path / "two").write_text("somebody's new words")
    changes = [Change(PurePosixPath(name), b"before", b"after") for name in ("one", "two")]
    with pytest.raises(WorkFailedError, match="two has changed since the difference was shown"):
        apply_changes(tmp_path, changes)
    assert state_of(tmp_path) == {"one": b"before", "two": b"somebody's new words"}
