"""What the agent adds to a frame, next to a loop by hand that decodes, preprocesses and calls ``session.run``.

The figures to keep (issue 5): at least 0.95 of the loop's frames a second, from a folder to JSON lines; the agent's own
time (all but decoding, preprocessing and ``session.run``) below 0.5 ms a frame at p99: of its thread on the CPU, since
what else runs on the machine is not the agent's. Loop and agent share one session and one preprocessing, so that only
the way around them differs.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.measuring import RUNS, in_turn, show
from benchmarks.public_models import write_orientation

FRAMES = 100
MANIFEST = """\
file: orientation.onnx
task: classification
labels: ["0", "90", "180", "270"]
preprocessing:
  {size: [224, 224], colour: bgr, scale: 0.003921568, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}
golden: {samples: [{input: page.jpg, expect: {label: "0"}}]}
"""


@dataclass(slots=True)
class Clocked:
    """CPU seconds that one frame spent in decoding, preprocessing and the session, and in all."""

    inside: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    current: float = 0.0

    def of(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, its time added to the frame's."""

        def clocked(*given: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return work(*given, **named)
            finally:
                self.current += time.thread_time() - began

        return clocked

    def ended(self, whole: float) -> None:
        self.inside.append(self.current)
        self.whole.append(whole)
        self.current = 0.0

    def own(self) -> list[float]:
        """The agent's own milliseconds of each frame."""
        return [(whole - inside) * 1000 for whole, inside in zip(self.whole, self.inside, strict=True)]


class _ClockedSession:
    def __init__(self, session: Any, clock: Clocked) -> None:
        self._session = session
        self.run = clock.of(session.run)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


def main() -> None:
    """Print frames a second of both, and the agent's own time."""
    with tempfile.TemporaryDirectory(prefix="mlops-overhead-") as made:
        work = Path(made)
        model = _model(work / "model")
        pictures = work / "pictures"
        pictures.mkdir()
        for number in range(FRAMES):
            os.link(work / "model" / "page.jpg", pictures / f"{number:05d}.jpg")
        clock = Clocked()
        _by_hand(model, pictures)
        seconds = in_turn(
            {
                "by hand: decode, preprocess, session.run": lambda: _by_hand(model, pictures),
                "the agent: folder to JSON lines": lambda: _by_agent(model, pictures, work, clock),
            }
        )
        show(f"{FRAMES} frames of the orientation classifier", seconds, "by hand: decode, preprocess, session.run")
        by_hand, agent = seconds.values()
        own = sorted(clock.own())
        print(f"  frames a second: {by_hand / agent:.3f} of the loop's (0.95 at least); {FRAMES / agent:.0f} a second")
        p99 = quantiles(own, n=100)[98]
        print(
            f"  the agent's own time on the CPU: p50 {median(own):.3f} ms, p99 {p99:.3f} ms a frame "
            f"(below 0.5), over {RUNS} runs"
        )


def _model(folder: Path) -> Any:
    import cv2  # noqa: PLC0415 - half a second, and only this benchmark needs it
    import numpy as np  # noqa: PLC0415

    from edge_agent.inference.loaded_model import open_model  # noqa: PLC0415

    write_orientation(folder)
    (folder / "model.yaml").write_text(MANIFEST, "utf-8")
    page = np.full((480, 640, 3), 245, np.uint8)
    for line in range(14):
        cv2.putText(page, f"line {line} of a page that stands", (30, 40 + 30 * line), 0, 0.8, (20, 20, 20), 2)
    cv2.imwrite(str(folder / "page.jpg"), page)
    return open_model(folder)


def _by_hand(model: Any, pictures: Path) -> float:
    names = [output.name for output in model.session.get_outputs()]
    began = time.perf_counter()
    for path in sorted(pictures.iterdir()):
        pixels = model.task.decode(path.read_bytes(), path.name)
        model.session.run(names, model.task.prepare(pixels))
    return time.perf_counter() - began


def _by_agent(model: Any, pictures: Path, work: Path, clock: Clocked) -> float:
    from edge_agent.inference.loaded_model import LoadedModel  # noqa: PLC0415
    from edge_agent.pipeline.tally import Tally  # noqa: PLC0415
    from edge_agent.pipeline.worker import Worker  # noqa: PLC0415
    from edge_agent.serving.lifecycle import Target  # noqa: PLC0415
    from edge_agent.serving.slots import Slots  # noqa: PLC0415
    from edge_agent.sinks.json_lines import JsonLinesFile  # noqa: PLC0415
    from edge_agent.sources.folder import ImageFolder  # noqa: PLC0415
    from shared_schema.settings import FolderSource, JsonLinesSink  # noqa: PLC0415

    images = work / "images"
    images.mkdir(exist_ok=True)
    for path in pictures.iterdir():
        os.link(path, images / path.name)
    task = replace(model.task, decode=clock.of(model.task.decode), prepare=clock.of(model.task.prepare))
    clocked = LoadedModel(model.folder, model.manifest, _ClockedSession(model.session, clock), task)
    slots = Slots(lambda _: None)
    slots.swap(Target("orientation", "com.example.orientation", "1.0.0", "1" * 64, "1"), clocked)

    ended = threading.Event()
    left = FRAMES
    last = 0.0

    class Counted(ImageFolder):
        def done(self, *given: Any) -> None:
            nonlocal left, last
            super().done(*given)
            now = time.thread_time()
            # The first frame's time is counted from the thread's start.
            clock.ended(now - last)
            last = now
            left -= 1
            if not left:
                ended.set()

    source = Counted(FolderSource(), work)
    sink = JsonLinesFile(JsonLinesSink(), work)
    worker = Worker("images", source, [sink], slots, lambda: "orientation", Tally())
    began = time.perf_counter()
    worker.start()
    if not ended.wait(120):
        raise RuntimeError(f"{left} of {FRAMES} frames have no prediction after 120 s")
    seconds = time.perf_counter() - began
    worker.stop_soon()
    worker.join(5)
    sink.close()
    return seconds


if __name__ == "__main__":
    main()
