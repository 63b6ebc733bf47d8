"""`build` of a hundred components of which one changed, next to a project that has just that one; as whole commands,
their start included, against the emulated dev account.

The figure to keep (issue 4): at most 1.5 times.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from greengrass_emulator.cloud.cloud import Cloud

from benchmarks.measuring import in_turn, show

BUCKET = "benchmark-artifacts"
ONE, HUNDRED = "one component, changed", "a hundred components, one changed"
_COMPONENT = """\
  {key}:
    component-name: com.example.{project}.{key}
    root: {key}
    Artifacts: [{{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/{key}.zip", Unarchive: ZIP}}]
    Lifecycle: {{Run: "python3 {{artifacts:decompressedPath}}/{key}/main.py"}}
"""


def main() -> None:
    """Print the medians, and how many of the hundred were built."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, Cloud() as cloud:
        cloud.client("s3", account="dev").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": cloud.region}
        )
        environment = {**os.environ, **cloud.environment("dev"), "ARTIFACT_BUCKET": BUCKET}
        projects = {name: _project(Path(folder), count) for name, count in ((ONE, 1), (HUNDRED, 100))}
        for project in projects.values():
            _build(project, environment)
        runs = {name: lambda project=project: _changed(project, environment) for name, project in projects.items()}
        show("build", in_turn(runs), ONE)


def _project(folder: Path, count: int) -> Path:
    project = folder / f"of-{count}"
    keys = [f"c{number:03}" for number in range(count)]
    for key in keys:
        (project / key).mkdir(parents=True)
        (project / key / "main.py").write_text(f"print('{key}')\n")
    components = "".join(_COMPONENT.format(key=key, project=project.name) for key in keys)
    (project / "greengrass-config.yml").write_text(f"custom-components:\n{components}")
    return project


def _changed(project: Path, environment: dict[str, str]) -> float:
    with (project / "c000" / "main.py").open("a") as stream:
        stream.write("print('more')\n")
    began = perf_counter()
    told = _build(project, environment)
    seconds = perf_counter() - began
    assert "1 built" in told, told
    return seconds


def _build(project: Path, environment: dict[str, str]) -> str:
    command = [sys.executable, "-m", "cloud_publisher", "build"]
    ran = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


if __name__ == "__main__":
    main()
