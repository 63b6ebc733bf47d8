"""How long the agent takes from its process's start to its first prediction, and what it costs when nothing happens.

The figures to keep (issue 5): 1.5 s for the digits model; idle below 1 % of a core. The device is started anew: the
verdict is there, a picture waits in the folder. The baseline is an interpreter that imports onnxruntime, opens the same
model and asks it once. The agent's CPU time until then is shown too: a busy machine changes it less.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psutil

from benchmarks.agent_device import AgentDevice, agent_device, eventually
from benchmarks.measuring import REPOSITORY

RUNS = 5
IDLE = 5.0
_DIGITS = REPOSITORY / "model_components" / "digits"
_BY_HAND = """
import sys, cv2, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
pixels = cv2.resize(cv2.imread(sys.argv[2], cv2.IMREAD_GRAYSCALE), (8, 8)).astype(numpy.float32)[None, None] / 16
session.run(None, {session.get_inputs()[0].name: pixels})
"""


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, agent_device(Path(folder)) as device:
        model = _digits(Path(folder))
        picture = next((model / "golden").glob("*.png"))
        device.add_model("1.0.0", model)
        device.deploy("1.0.0", sinks={"file": {"type": "json-lines"}})
        eventually(lambda: device.said("1.0.0"))
        by_hand, started, spent = [], [], []
        for number in range(RUNS):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", _BY_HAND, str(model / "digits.onnx"), str(picture)], check=True)
            by_hand.append(time.perf_counter() - began)
            seconds, cpu = _restart(device, f"{number}.png", picture.read_bytes())
            started.append(seconds)
            spent.append(cpu)
        print(f"from the process's start to the first prediction, median of {RUNS}, in turn")
        print(f"  {median(by_hand):6.3f} s  1.00 x  by hand: import, open, ask once")
        ratio = median(started) / median(by_hand)
        print(f"  {median(started):6.3f} s  {ratio:.2f} x  the agent (to keep: 1.5 s); {median(spent):.2f} s of CPU")
        agent = psutil.Process(device.pid)
        time.sleep(1.0)
        before = agent.cpu_times()
        time.sleep(IDLE)
        after = agent.cpu_times()
        share = 100 * (after.user + after.system - before.user - before.system) / IDLE
        print(f"  {share:6.2f} %          of a core, idle with one model, over {IDLE:g} s (to keep: 1 %)")
        print(f"  {agent.memory_info().rss / 1e6:6.1f} MB         RSS")


def _digits(folder: Path) -> Path:
    """The digits model as its component carries it: trained, converted, with its manifest and golden samples."""
    trained, model = folder / "trained", folder / "digits"
    shutil.copytree(_DIGITS / "golden", model / "golden")
    shutil.copy(_DIGITS / "model.yaml", model)
    environment = {**os.environ, "MODEL_DIR": str(trained), "OUTPUT_DIR": str(model)}
    for words in (["train.py", "--kind", "mlp", "--out", str(trained)], ["convert.py"]):
        script = [sys.executable, str(_DIGITS / words[0]), *words[1:]]
        subprocess.run(script, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=300)
    return model


def _restart(device: AgentDevice, name: str, picture: bytes) -> tuple[float, float]:
    """End the device and start it; seconds from the agent's start to the line in the file, and the agent's CPU seconds
    till then. The picture waits."""
    device.stop()
    old = device.pid
    device.feed(name, picture)
    device.start()
    new = eventually(lambda: (pid := device.pid) not in {old, None} and pid, pause=0.005)
    agent = psutil.Process(new)
    eventually(lambda: any(each["frame"] == name for each in device.predictions()), pause=0.005)
    ended, cpu = time.time(), agent.cpu_times()
    return ended - agent.create_time(), cpu.user + cpu.system


if __name__ == "__main__":
    main()
