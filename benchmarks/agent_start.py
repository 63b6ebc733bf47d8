"""How long the agent takes from its process's start to its first prediction, and what it costs when nothing happens.

The figures to keep (issue 5): 1.5 s for a small model; idle below 1 % of a core. The device is started anew: the
verdict is there, a picture waits in the folder. The baseline is an interpreter that imports onnxruntime, opens the same
model and asks it once. (The orientation classifier: larger than the digits model, so no easier.)
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psutil

from benchmarks.agent_device import AgentDevice, agent_device, eventually
from benchmarks.hot_swap import variants

RUNS = 5
IDLE = 5.0
_BY_HAND = """
import sys, cv2, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
pixels = cv2.resize(cv2.imread(sys.argv[2]), (224, 224)).astype(numpy.float32).transpose(2, 0, 1)[None] / 255
session.run(None, {session.get_inputs()[0].name: pixels})
"""


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, agent_device(Path(folder)) as device:
        model = variants(Path(folder))[0]
        page = (model / "golden" / "page.jpg").read_bytes()
        device.add_model("1.0.0", model)
        device.deploy("1.0.0", sinks={"file": {"type": "json-lines"}})
        eventually(lambda: device.said("1.0.0"))
        by_hand, started = [], []
        for number in range(RUNS):
            began = time.perf_counter()
            words = [
                sys.executable,
                "-c",
                _BY_HAND,
                str(model / "orientation.onnx"),
                str(model / "golden" / "page.jpg"),
            ]
            subprocess.run(words, check=True)
            by_hand.append(time.perf_counter() - began)
            started.append(_restart(device, f"{number}.jpg", page))
        print(f"from the process's start to the first prediction, median of {RUNS}, in turn")
        print(f"  {median(by_hand):6.3f} s  1.00 x  by hand: import, open, ask once")
        ratio = median(started) / median(by_hand)
        print(f"  {median(started):6.3f} s  {ratio:.2f} x  the agent (to keep: 1.5 s)")
        agent = psutil.Process(device.pid)
        time.sleep(1.0)
        before = agent.cpu_times()
        time.sleep(IDLE)
        after = agent.cpu_times()
        share = 100 * (after.user + after.system - before.user - before.system) / IDLE
        print(f"  {share:6.2f} %          of a core, idle with one model, over {IDLE:g} s (to keep: 1 %)")
        print(f"  {agent.memory_info().rss / 1e6:6.1f} MB         RSS")


def _restart(device: AgentDevice, name: str, page: bytes) -> float:
    """End the device and start it; seconds from the agent's start to the line in the file. The picture waits."""
    device.stop()
    old = device.pid
    device.feed(name, page)
    device.start()
    new = eventually(lambda: (pid := device.pid) not in {old, None} and pid, pause=0.005)
    began = psutil.Process(new).create_time()
    eventually(lambda: any(each["frame"] == name for each in device.predictions()), pause=0.005)
    return time.time() - began


if __name__ == "__main__":
    main()
