"""A component beside the agent: it sends requests on local topics, and records the answers and what else it receives.

The rehearsal packs this file alone into a component, so it imports nothing of this repository. In its work folder it
leaves ``answers.jsonl`` (one line a request, or a second answer), ``received.jsonl`` (predictions of the agent's local
topic) and ``refused.txt`` (how a publication to a topic without access ended). A file ``slow`` there makes requests to
``lab/asks`` take long.
"""

import base64
import io
import itertools
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 5.0
"""Seconds after which a request is sent again: the agent may not have been running."""
PAUSE = 0.25
SLOW_TURNS = 500_000


@dataclass(frozen=True)
class Question:
    """A request's numbers, by which its answer is checked, and its one frame as the agent reads it."""

    inputs: Mapping[str, object]
    frame: Mapping[str, str]


class Diary:
    """A file of JSON lines that several threads write to."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def note(self, **entry: object) -> None:
        with self._lock:
            self._stream.write(json.dumps(entry) + "\n")


class Asker(threading.Thread):
    """Sends one request after the other on one topic, each until it is answered."""

    def __init__(self, nucleus: Any, topic: str, answers: Diary) -> None:
        super().__init__(name=topic, daemon=True)
        self._nucleus = nucleus
        self._topic = topic
        self._answers = answers
        self._came = threading.Event()
        self._wanted = ""
        self._answer: object = None
        nucleus.subscribe_to_topic(topic=f"{topic}/reply", on_stream_event=self._take)

    def run(self) -> None:
        for number in itertools.count():
            slow = Path("slow").exists()
            question = _table(number) if self._topic.startswith("line") else _tensors(number, slow=slow)
            self._ask(f"{self._topic}-{number}", question)
            if not slow:
                time.sleep(PAUSE)

    def _ask(self, request: str, question: Question) -> None:
        payload = json.dumps({"request": request, "frames": [{"name": request, **question.frame}]}).encode()
        began = time.time()
        self._came.clear()
        self._wanted = request
        tries = 0
        while not self._came.is_set():
            tries += 1
            _publish(self._nucleus, self._topic, payload)
            self._came.wait(PATIENCE)
        self._answers.note(
            topic=self._topic,
            request=request,
            inputs=question.inputs,
            tries=tries,
            answer=self._answer,
            asked=began,
            answered=time.time(),
        )

    def _take(self, event: Any) -> None:
        answer = json.loads(event.binary_message.message)
        if answer.get("request") == self._wanted and not self._came.is_set():
            self._answer = answer
            self._came.set()
        else:
            self._answers.note(again=answer.get("request"), asked=time.time())


def main() -> None:
    from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2  # noqa: PLC0415 - only on a device

    nucleus = GreengrassCoreIPCClientV2()
    try:
        _publish(nucleus, "lab/secrets", b"{}")
        Path("refused.txt").write_text("allowed", encoding="utf-8")
    except Exception as error:  # noqa: BLE001 - what a nucleus answers is what is to be seen
        Path("refused.txt").write_text(type(error).__name__, encoding="utf-8")
    received, answers = Diary(Path("received.jsonl")), Diary(Path("answers.jsonl"))

    def note(event: Any) -> None:
        prediction = json.loads(event.binary_message.message)
        received.note(source=prediction["source"], frame=prediction["frame"], version=prediction["version"])

    nucleus.subscribe_to_topic(topic="factory/predictions", on_stream_event=note)
    askers = [Asker(nucleus, topic, answers) for topic in ("line/asks", "lab/asks")]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()


def _publish(nucleus: Any, topic: str, payload: bytes) -> None:
    from awsiot.greengrasscoreipc.model import BinaryMessage, PublishMessage  # noqa: PLC0415

    nucleus.publish_to_topic(topic=topic, publish_message=PublishMessage(binary_message=BinaryMessage(message=payload)))


def _table(number: int) -> Question:
    """Return rows of heat and noise, in the opposite order in every second request. Some rows are hard to classify."""
    rows = [(2.0 + number % 7, 3.0), (-2.0, -1.0 - number % 5)]
    rows = rows[::-1] if number % 2 else rows
    if number % 5 == 0:
        rows.append((0.1, 0.05))
    text = "heat,noise\n" + "".join(f"{heat},{noise}\n" for heat, noise in rows)
    return Question({"rows": rows}, {"text": text})


def _tensors(number: int, *, slow: bool) -> Question:
    import numpy  # noqa: PLC0415

    values, turns = [number % 100 + 0.5, -1.0], SLOW_TURNS if slow else number % 5
    packed = io.BytesIO()
    numpy.savez(packed, x=numpy.array(values, numpy.float32), turns=numpy.array(turns, numpy.int64))
    return Question({"x": values, "turns": turns}, {"data": base64.b64encode(packed.getvalue()).decode()})


if __name__ == "__main__":
    main()
