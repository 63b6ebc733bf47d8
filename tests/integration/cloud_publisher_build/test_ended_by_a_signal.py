"""A pipeline that ends a build's job: nothing is left behind, and the last word is a document."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

BUILD = """\
import pathlib, time
pathlib.Path("started").touch()
time.sleep(120)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_build_in_the_middle_of_its_command_ends_whole(
    run: Any, repository: Any, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    repository.write("made/build.py", BUILD)
    repository.config(
        f"""\
        made:
          component-name: PREFIX.made
          root: made
          build: {{build_system: "custom", custom_build_command: ["{sys.executable}", "build.py"]}}
          Artifacts: [{{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/made.zip"}}]
          Lifecycle: {{Run: exit 0}}
        """
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    # Python ignores what its parent ignores, as under nohup: the build is started as a terminal would.
    as_a_terminal = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "os.execv(sys.executable, [sys.executable, '-m', 'cloud_publisher', 'build', '--json'])"
    )
    build = subprocess.Popen(
        [sys.executable, "-c", as_a_terminal], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        ends = time.monotonic() + 60
        while not (repository.folder / "made/started").exists():
            assert build.poll() is None, build.communicate()
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert list(temporary.iterdir())
        build.send_signal(number)
        out, err = build.communicate(timeout=60)
    finally:
        build.kill()
    assert build.returncode == code, err
    assert json.loads(out) == {
        "error": "Interrupted",
        "problem": f"ended by {signal.Signals(number).name}",
        "remedy": "run it again: what is done already is not done twice",
        "exit-code": code,
    }
    assert list(temporary.iterdir()) == []
    assert bucket.keys() == []
    words = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not any(b"build.py" in each and str(repository.folder).encode() in each for each in words)
