"""A component beside the agent: it sends the files that appear in its folders to the agent's local topics.

The rehearsal packs this file and ``topics.json`` (each source's name, with its topic) into a component, so it imports
nothing of this repository. A file is removed once its request is answered; a request without an answer is sent again.
"""

import base64
import json
import os
import threading
import time
import traceback
from pathlib import Path
from typing import Any

PATIENCE = 5.0
"""Seconds after which a request is sent again: the agent may not have been running."""
PAUSE = 0.05
FOLDER = "asks"


class Asker(threading.Thread):
    """Sends one file after the other to one topic, each until it is answered."""

    def __init__(self, nucleus: Any, source: str, topic: str) -> None:
        super().__init__(name=source, daemon=True)
        self._nucleus = nucleus
        self._topic = topic
        self._folder = Path(FOLDER, source)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._came = threading.Event()
        self._wanted = ""
        nucleus.subscribe_to_topic(topic=f"{topic}/reply", on_stream_event=self._take)

    def run(self) -> None:
        try:
            while True:
                for path in sorted(self._folder.iterdir()):
                    self._ask(path)
                time.sleep(PAUSE)
        except Exception:  # noqa: BLE001 - whatever it is, the nucleus starts the component again
            traceback.print_exc()
            os._exit(1)

    def _ask(self, path: Path) -> None:
        data = base64.b64encode(path.read_bytes()).decode()
        payload = json.dumps({"request": path.name, "frames": [{"name": path.name, "data": data}]}).encode()
        self._came.clear()
        self._wanted = path.name
        while not self._came.is_set():
            _publish(self._nucleus, self._topic, payload)
            self._came.wait(PATIENCE)
        path.unlink()

    def _take(self, event: Any) -> None:
        answer = json.loads(event.binary_message.message)
        # An error without a frame refuses the whole request, such as that of an agent that ends: it is sent again.
        answered = answer["predictions"] or any("frame" in each for each in answer["errors"])
        if answered and answer.get("request") == self._wanted:
            self._came.set()


def main() -> None:
    from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2  # noqa: PLC0415 - only on a device

    nucleus = GreengrassCoreIPCClientV2()
    topics = json.loads(Path(__file__).with_name("topics.json").read_text(encoding="utf-8"))
    askers = [Asker(nucleus, source, topic) for source, topic in topics.items()]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()


def _publish(nucleus: Any, topic: str, payload: bytes) -> None:
    from awsiot.greengrasscoreipc.model import BinaryMessage, PublishMessage  # noqa: PLC0415

    nucleus.publish_to_topic(topic=topic, publish_message=PublishMessage(binary_message=BinaryMessage(message=payload)))


if __name__ == "__main__":
    main()
