"""`build` with commands of others: custom builds, which it runs, ends, and packs what they leave."""

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import MANIFEST, onnx_model, tar_of

Run = Callable[..., Any]


def _custom(repository: Any, code: str, *, more: str = "", artifact: str = "made.zip", timeout: float = 60) -> None:
    repository.write("made/build.py", code)
    repository.config(
        textwrap.dedent(f"""\
        made:
          component-name: PREFIX.made
          root: made
          build:
            build_system: "custom"
            timeout: {timeout}
            custom_build_command:
              - "{sys.executable}"
              - "build.py"
              - "a word with $HOME; and more"
          Artifacts: [{{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/{artifact}"}}]
          Lifecycle: {{Run: exit 0}}
        """)
        + more
    )


WRITES = """\
import os, sys
from pathlib import Path
out = Path(os.environ["OUTPUT_DIR"])
"""


def test_what_a_custom_build_leaves_is_packed_and_its_output_is_shown(run: Run, repository: Any, bucket: Any) -> None:
    _custom(
        repository,
        WRITES
        + """\
(out / "sub").mkdir()
said = [sys.argv[1], os.environ["COMPONENT_NAME"], os.environ["COMPONENT_VERSION"]]
(out / "sub/said.txt").write_text("|".join(said))
print("working", Path.cwd().name)
print("aloud", file=sys.stderr)
""",
    )
    ran = run("build")
    assert ran.code == 0, ran.err
    assert "made: | working made" in ran.out
    assert "made: | aloud" in ran.out
    packed = bucket.zip(repository.component("made")["artifacts"][0]["uri"])
    assert packed.namelist() == ["sub/said.txt"]
    # The words reach the command as they are: there is no shell.
    assert packed.read("sub/said.txt").decode() == f"a word with $HOME; and more|{repository.prefix}.made|1.0.0"


def test_onnxruntime_sends_no_telemetry_from_a_custom_build(
    run: Run, repository: Any, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY")
    _custom(repository, WRITES + '(out / "said").write_text(os.environ["ORT_DISABLE_TELEMETRY"])\n')
    assert run("build").code == 0
    assert bucket.zip(repository.component("made")["artifacts"][0]["uri"]).read("said") == b"1"


def test_an_artifact_that_the_build_made_itself_is_taken_as_it_is(run: Run, repository: Any, bucket: Any) -> None:
    _custom(repository, WRITES + '(out / "model.bin").write_bytes(b"compiled")\n', artifact="model.bin")
    assert run("build").code == 0
    assert bucket.read(repository.component("made")["artifacts"][0]["uri"]) == b"compiled"


def test_a_custom_build_is_not_run_again_while_nothing_changed(run: Run, repository: Any) -> None:
    _custom(repository, WRITES + 'import time; (out / "x").write_text(str(time.time_ns()))\n')
    run("build")
    ran = run("build")
    assert "nothing has changed" in ran.out
    repository.write("made/data.txt", "new")
    run("build")
    assert repository.component("made")["version"] == "1.0.1"


def test_a_hot_reloadable_model_gets_its_manifest_and_samples_and_none_of_the_build_s_code(
    run: Run, repository: Any, registry: Any, bucket: Any
) -> None:
    registry.register(tar_of({"trained/tiny.bin": onnx_model()}))
    _custom(
        repository,
        WRITES + '(out / "tiny.onnx").write_bytes((Path(os.environ["MODEL_DIR"]) / "trained/tiny.bin").read_bytes())\n',
        artifact="digits.zip",
    )
    repository.write("made/model.yaml", MANIFEST)
    repository.write("made/golden/one.png", b"picture")
    repository.write("made/golden/unused.png", b"picture")
    text = (repository.folder / "greengrass-config.yml").read_text()
    model = f"root: made\n    model: {{sagemaker-managed: true, package-group: {registry.group}}}"
    text = text.replace("root: made", model).replace('.zip"}', '.zip", Unarchive: ZIP, Permission: {Read: ALL}}')
    repository.write("greengrass-config.yml", text)
    ran = run("build")
    assert ran.code == 0, ran.err
    packed = bucket.zip(repository.component("made")["artifacts"][0]["uri"])
    assert packed.namelist() == ["golden/one.png", "model.yaml", "tiny.onnx"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('print("line one"); print("the reason"); sys.exit(3)\n', ["ended with exit code 3", "| the reason"]),
        ("os.kill(os.getpid(), 9)\n", ["was ended by signal 9", "it printed nothing"]),
        ("", ["left nothing in OUTPUT_DIR"]),
        ('os.symlink("/etc/passwd", out / "secret")\n', ["is a link to '/etc/passwd'"]),
    ],
    ids=["fails", "is killed", "leaves nothing", "leaves a link"],
)
def test_a_custom_build_that_goes_wrong_uploads_nothing(
    code: str, words: list[str], run: Run, repository: Any, bucket: Any
) -> None:
    _custom(repository, WRITES + code)
    ran = run("build")
    assert ran.code == 1
    for word in words:
        assert word in ran.err
    assert bucket.keys() == []
    assert not (repository.folder / "dist").exists()


def test_a_custom_build_that_leaves_other_files_than_its_artifact_says_which(run: Run, repository: Any) -> None:
    _custom(repository, WRITES + '(out / "model.trt").write_text("x")\n', artifact="model.bin")
    ran = run("build")
    assert ran.code == 1
    assert "left no model.bin; it left model.trt" in ran.err


def test_a_custom_build_that_takes_too_long_is_ended_with_its_children(
    run: Run, repository: Any, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    _custom(
        repository,
        WRITES
        + f"""\
import subprocess
child = subprocess.Popen(["sleep", "60"])
Path({str(pid)!r}).write_text(str(child.pid))
child.wait()
""",
        timeout=1.5,
    )
    ran = run("build")
    assert ran.code == 1
    assert "was not done after 1.5 s" in ran.err
    state = Path(f"/proc/{pid.read_text()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_a_program_that_is_not_there_is_one_clear_error(run: Run, repository: Any) -> None:
    _custom(repository, "")
    text = (repository.folder / "greengrass-config.yml").read_text()
    repository.write("greengrass-config.yml", text.replace(sys.executable, "no-such-program"))
    ran = run("build")
    assert ran.code == 1
    assert "cannot run 'no-such-program build.py" in ran.err
    assert "No such file or directory" in ran.err


def test_one_component_that_fails_keeps_the_others_from_being_uploaded(run: Run, repository: Any, bucket: Any) -> None:
    _custom(
        repository,
        "raise SystemExit(1)\n",
        more=(
            "app:\n  component-name: PREFIX.app\n  root: app\n"
            '  Artifacts: [{URI: "s3://B/C/V/app.zip"}]\n  Lifecycle: {Run: exit 0}\n'
        ),
    )
    repository.write("app/main.py", "")
    assert run("build").code == 1
    assert bucket.keys() == []
