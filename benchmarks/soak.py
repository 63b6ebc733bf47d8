"""Half an hour of load, a swap every 5 s and a fault every 30 s: ``make soak``; ``python -m benchmarks.soak MINUTES``.

What must come out (issue 5): no prediction lost, doubled or wrong, the same process, and an RSS that does not grow. The
device is a lite one without a cloud, so the broker is away all the time. Its faults, in turn: a model whose golden
samples disagree, a disk without room for 5 s, a nucleus that does not answer for 8 s. Ends with 1 where one of the
first three is not so.
"""

import itertools
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from benchmarks.agent_device import AgentDevice, agent_device
from benchmarks.measuring import eventually
from benchmarks.public_models import orientation_variants

SWAP, FAULT = 5.0, 30.0
FRAMES = 10.0
"""A second."""


class _Feed:
    """Moves pictures into the agent's folder, and knows what each must be called."""

    def __init__(self, device: AgentDevice, pictures: dict[str, bytes]) -> None:
        self.fed: dict[str, str] = {}
        self._device = device
        self._pictures = pictures
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def _work(self) -> None:
        for number, label in enumerate(itertools.cycle(self._pictures)):
            if self._stop.wait(1 / FRAMES):
                return
            name = f"{number:07}.jpg"
            self.fed[name] = label
            self._device.feed(name, self._pictures[label])


class _Soak:
    def __init__(self, device: AgentDevice, models: list[Path], folder: Path) -> None:
        self.device = device
        self._models = models
        self._folder = folder
        self._versions = itertools.count(1)
        self.swaps = self.refusals = 0
        self.faults: Counter[str] = Counter()

    def _agent(self) -> psutil.Process:
        return psutil.Process(eventually(lambda: self.device.pid))

    def swap(self, *, spoilt: bool = False) -> None:
        """Release a new version, and wait for the agent's verdict."""
        number = next(self._versions)
        version = f"{number}.0.0"
        model = self._folder / f"made-{number}" / "orientation"
        shutil.copytree(self._models[number % 2], model)
        (model / "number.txt").write_text(version)
        if spoilt:
            shutil.copy(self._models[(number + 1) % 2] / "golden" / "page.npy", model / "golden" / "page.npy")
        self.device.add_model(version, model)
        shutil.rmtree(model.parent)
        self.device.deploy(version, sinks={"file": {"type": "json-lines"}})
        verdict = "REJECTED" if spoilt else "CONFIRMED"
        eventually(lambda: self.device.said(version, verdict), 120.0)
        if spoilt:
            del self.device.digests[version]
            self.refusals += 1
        else:
            self.swaps += 1

    def bad_model(self) -> None:
        self.swap(spoilt=True)

    def full_disk(self) -> None:
        agent = self._agent()
        soft, hard = agent.rlimit(psutil.RLIMIT_FSIZE)
        agent.rlimit(psutil.RLIMIT_FSIZE, ((self.device.work / "predictions.jsonl").stat().st_size + 100, hard))
        time.sleep(5.0)
        agent.rlimit(psutil.RLIMIT_FSIZE, (soft, hard))

    def silent_nucleus(self) -> None:
        nucleus = self.device.nucleus_pid
        os.kill(nucleus, signal.SIGSTOP)
        try:
            time.sleep(8.0)
        finally:
            os.kill(nucleus, signal.SIGCONT)

    def resident(self) -> int:
        found: int = self._agent().memory_info().rss
        return found

    def faults_in_turn(self) -> Iterator[Callable[[], None]]:
        for fault in itertools.cycle((self.bad_model, self.full_disk, self.silent_nucleus)):
            self.faults[fault.__name__] += 1
            yield fault


def main(minutes: float) -> int:
    """Print the counts and the RSS curve."""
    with tempfile.TemporaryDirectory(prefix="soak-") as path, agent_device(Path(path)) as device:
        folder = Path(path)
        models = orientation_variants(folder)
        pictures = _pictures(models[0])
        soak = _Soak(device, models, folder)
        soak.swap()
        pid = device.pid
        feed = _Feed(device, pictures)
        feed.start()
        curve: list[float] = []
        try:
            _keep_on(soak, minutes * 60, curve)
        finally:
            feed.stop()
        eventually(lambda: len(device.predictions()) >= len(feed.fed), 300.0, 1.0)
        time.sleep(2.0)
        return _tell(soak, feed.fed, curve, pid)


def _keep_on(soak: _Soak, seconds: float, curve: list[float]) -> None:
    began = time.monotonic()
    faults = soak.faults_in_turn()
    next_fault = began + FAULT
    while (now := time.monotonic()) < began + seconds:
        if now >= next_fault:
            next(faults)()
            curve.append(soak.resident() / 1e6)
            next_fault += FAULT
        soak.swap()
        time.sleep(max(0.0, now + SWAP - time.monotonic()))
    curve.append(soak.resident() / 1e6)


def _tell(soak: _Soak, fed: dict[str, str], curve: list[float], pid: int | None) -> int:
    predictions = soak.device.predictions()
    seen = Counter(each.frame for each in predictions)
    good = set(soak.device.digests.values())
    lost = sum(name not in seen for name in fed)
    doubled = sum(count - 1 for count in seen.values())
    wrong = sum(each.output["label"] != fed[each.frame] or each.digest not in good for each in predictions)
    same = soak.device.pid == pid
    print(f"{len(fed)} pictures, {soak.swaps} swaps, {soak.refusals} refusals, faults: {dict(soak.faults)}")
    print(f"  lost {lost}, doubled {doubled}, wrong {wrong}; {'the same process' if same else 'ANOTHER PROCESS'}")
    print(f"  RSS in MB, every {FAULT:g} s: {', '.join(f'{each:.0f}' for each in curve)}")
    return 0 if same and not (lost or doubled or wrong) else 1


def _pictures(model: Path) -> dict[str, bytes]:
    """The page in two orientations, by what the model itself calls them."""
    import cv2  # noqa: PLC0415 - only when it is run

    from edge_agent.inference.loaded_model import open_model  # noqa: PLC0415

    opened = open_model(model)
    page = cv2.imread(str(model / "golden" / "page.jpg"))
    assert page is not None
    found: dict[str, bytes] = {}
    for turned in (page, cv2.rotate(page, cv2.ROTATE_180)):
        content = cv2.imencode(".jpg", turned)[1].tobytes()
        found[str(opened.answer(opened.task.decode(content, "page.jpg")).output["label"])] = content
    return found


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0))
