"""The connection to the nucleus is lost: the agent goes on, connects again, and applies what it missed."""

import contextlib
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Devices = Callable[..., Any]
Eventually = Callable[..., Any]


class Cable:
    """A Unix socket in front of the nucleus's, which can be cut: open connections end, new ones are refused."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.nucleus = ""
        self.connections = 0
        self._cut = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self) -> None:
        with self._lock:
            self._cut = True
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        with self._lock:
            self._cut = False

    def close(self) -> None:
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for each in (*self._open, self._listener):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._cut:
                    near.close()
                    continue
                far = socket.socket(socket.AF_UNIX)
                far.connect(self.nucleus)
                self._open |= {near, far}
                self.connections += 1
            for one, other in ((near, far), (far, near)):
                thread = threading.Thread(target=self._carry, args=(one, other))
                self._threads.append(thread)
                thread.start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cable() -> Iterator[Cable]:
    # Not tmp_path: the name of a Unix socket has 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="cable") as folder:
        cable = Cable(Path(folder) / "ipc")
        yield cable
        cable.close()


def test_while_the_nucleus_is_away_the_agent_infers_on_and_afterwards_applies_what_it_missed(
    device_of: Devices, cable: Cable, eventually: Eventually
) -> None:
    device = device_of("lite")
    cable.nucleus = device.status()["socket"]
    device.add_agent(before=f"export AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT={cable.path};")
    device.add_desired()
    device.add_model("1.0.0")
    assert device.deploy_release("1.0.0").returncode == 0, device.log()
    device.serves("1.0.0")
    pid = device.component()["pid"]

    cable.cut()
    eventually(lambda: "nucleus away: inferring on" in device.log(), what="the loss in the log")
    device.feed("away.png", "top")
    assert device.prediction_of("away.png")["version"] == "1.0.0"
    device.add_model("2.0.0", sharpness=2.0)
    assert device.deploy_release("2.0.0").returncode == 0

    cable.mend()
    device.serves("2.0.0")
    assert cable.connections == 2
    device.feed("back.png", "top")
    assert device.prediction_of("back.png")["version"] == "2.0.0"
    # The new subscription is alive.
    device.add_model("3.0.0", sharpness=3.0)
    assert device.deploy_release("3.0.0").returncode == 0
    device.serves("3.0.0")
    assert device.component()["pid"] == pid
