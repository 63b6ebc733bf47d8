"""How long the commands take to start, next to an interpreter that only imports the CLI library.

The figure to keep (issue 3): `cloud-publisher --help` and `validate` within 0.5 s on 2 cores.
"""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

REPOSITORY = Path(__file__).parent.parent
RUNS = 7
BASELINE = "python -c 'import typer, pydantic, yaml'"
COMMANDS = {
    BASELINE: [sys.executable, "-c", "import typer, pydantic, yaml"],
    "cloud-publisher --help": ["cloud-publisher", "--help"],
    "cloud-publisher validate": ["cloud-publisher", "validate"],
    "edge-agent --help": ["edge-agent", "--help"],
    "greengrass-emulator --help": ["greengrass-emulator", "--help"],
    "mlops-rehearsal --help": ["mlops-rehearsal", "--help"],
}


def main() -> None:
    """Print each command's median and its ratio to the baseline; the commands are run in turn."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ARTIFACT_BUCKET": "benchmark-artifacts",
    }
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            began = perf_counter()
            subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, capture_output=True, timeout=60)
            seconds[name].append(perf_counter() - began)
    base = median(seconds[BASELINE])
    print(f"start-up, median of {RUNS}, in turn")
    for name, times in seconds.items():
        print(f"  {median(times) * 1000:6.0f} ms  {median(times) / base:5.2f} x  {name}")
