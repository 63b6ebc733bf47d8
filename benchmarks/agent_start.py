"""How long the agent takes from its process's start to its first prediction, and what it costs when nothing happens.

The figures to keep: 1.0 s for the digits model, with a broker and with none; idle below 1 % of a core; under 60 ms of
CPU a minute for looking at the desired state. The device is started anew: the verdict is there, a picture waits
in the folder. The baseline is an interpreter that imports onnxruntime, opens the same model and asks it once. The
agent's CPU time until then is shown too: a busy machine changes it less. A look costs what looking every second costs
beyond looking once a day.
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
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device

from benchmarks.agent_device import AgentDevice, agent_device
from benchmarks.measuring import REPOSITORY, eventually

RUNS = 5
IDLE = 20.0
ACCOUNT = "dev"
_DIGITS = REPOSITORY / "model_components" / "digits"
_BY_HAND = """
import sys, cv2, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
pixels = cv2.resize(cv2.imread(sys.argv[2], cv2.IMREAD_GRAYSCALE), (8, 8)).astype(numpy.float32)[None, None] / 16
session.run(None, {session.get_inputs()[0].name: pixels})
"""


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, Cloud() as cloud:
        model = _digits(Path(folder))
        for runtime in ("lite", "classic"):
            thing = f"measured-{runtime}"
            provisioned = provision_device(cloud, Path(folder) / thing, account=ACCOUNT, thing=thing)
            with agent_device(Path(folder) / runtime, runtime, provisioned) as device:
                _measure(device, model, cloud, thing)


def _measure(device: AgentDevice, model: Path, cloud: Cloud, thing: str) -> None:
    picture = next((model / "golden").glob("*.png"))
    content = picture.read_bytes()
    device.add_model("1.0.0", model)
    device.deploy("1.0.0", sinks={"file": {"type": "json-lines"}})
    eventually(lambda: device.said("1.0.0"))
    by_hand: list[float] = []
    starts: dict[str, list[tuple[float, float]]] = {"with a broker": [], "with no broker": []}
    for number in range(RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", _BY_HAND, str(model / "digits.onnx"), str(picture)], check=True)
        by_hand.append(time.perf_counter() - began)
        starts["with a broker"].append(_restart(device, f"{number}-on.png", content))
        cloud.faults.cut_off(thing, account=ACCOUNT)
        starts["with no broker"].append(_restart(device, f"{number}-off.png", content))
        cloud.faults.join(thing, account=ACCOUNT)
    print(f"{device.runtime}: from the process's start to the first prediction, median of {RUNS}, in turn")
    print(f"  {median(by_hand):6.3f} s  1.00 x  by hand: import, open, ask once")
    for name, several in starts.items():
        seconds, cpu = median(each for each, _ in several), median(each for _, each in several)
        ratio = seconds / median(by_hand)
        print(f"  {seconds:6.3f} s  {ratio:.2f} x  the agent, {name} (to keep: 1.0 s); {cpu:.2f} s of CPU")
    _show_idleness(device)


def _show_idleness(device: AgentDevice) -> None:
    agent = psutil.Process(device.pid)
    often, seldom = _idle(device, agent, "1"), _idle(device, agent, "86400")
    share = 100 * seldom / IDLE
    print(f"  {share:6.2f} %          of a core, idle with one model, over {IDLE:g} s (to keep: 1 %)")
    poll = 1000 * (often - seldom) / IDLE
    print(
        f"  {poll:6.2f} ms         of CPU a look at the desired state, of which there is one a minute (to keep: 60 ms)"
    )
    print(f"  {agent.memory_info().rss / 1e6:6.1f} MB         RSS")


def _idle(device: AgentDevice, agent: psutil.Process, interval: str) -> float:
    """The agent's CPU seconds while nothing comes, with a look at the desired state every ``interval`` seconds."""
    sinks, health = {"file": {"type": "json-lines"}}, {"interval": "86400"}
    device.deploy("1.0.0", sinks=sinks, health=health, reconcile={"interval": interval})
    eventually(lambda: device.said("1.0.0"))
    time.sleep(2.0)
    before = agent.cpu_times()
    time.sleep(IDLE)
    after = agent.cpu_times()
    return float(after.user + after.system - before.user - before.system)


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
    eventually(lambda: any(each.frame == name for each in device.predictions()), pause=0.005)
    seconds, cpu = _age(new), agent.cpu_times()
    return seconds, cpu.user + cpu.system


def _age(pid: int) -> float:
    """Seconds since a process was forked, to a clock tick (10 ms).

    Not by psutil's ``create_time``: that adds the ticks to the time of boot, which the kernel gives in whole seconds.
    """
    after_name = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    started = int(after_name[19]) / os.sysconf("SC_CLK_TCK")  # field 22 of proc(5), starttime
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


if __name__ == "__main__":
    main()
