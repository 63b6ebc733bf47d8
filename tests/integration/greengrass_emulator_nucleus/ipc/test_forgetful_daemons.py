"""Lite's daemons are restarted one by one: each forgets what only it knew, and tells nobody."""

import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from awsiot.greengrasscoreipc.model import BinaryMessage, PublishMessage
from greengrass_emulator.devices.device_faults import restart_daemon
from greengrass_emulator.nucleus.lifecycle.process_owners import component_of_process

A, B = "com.example.a", "com.example.b"
MESSAGE = PublishMessage(binary_message=BinaryMessage(message=b"hello"))
# Connects by a component's name, as a process of its unit may, and writes what it was answered.
BY_NAME = """
import json, socket, struct, sys
from greengrass_emulator.nucleus.ipc.frames import MessageFlag, MessageType, decode, encode
path, said, out = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as opened:
    opened.settimeout(10)
    opened.connect(path)
    opened.sendall(encode(stream=0, kind=MessageType.CONNECT, flags=MessageFlag.NONE, payload=said.encode()))
    data = b""
    while len(data) < 4 or len(data) < struct.unpack(">I", data[:4])[0]:
        more = opened.recv(4096)
        if not more:
            break
        data += more
    answer = dict(decode(data).headers) if data else {}
with open(out + ".part", "w") as file:
    json.dump(answer, file)
import os
os.rename(out + ".part", out)
"""


def restart(device: Any, daemon: str) -> str:
    command = [sys.executable, "-m", "greengrass_emulator.cli.main", "fault", "restart-daemon", daemon]
    done = subprocess.run(
        [*command, "--root", str(device.root)], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


@pytest.fixture
def pair(lite: Any, everything_allowed: dict[str, Any]) -> tuple[Any, Any]:
    """The IPC clients of two components."""
    for name in (A, B):
        lite.give(name, configuration={**everything_allowed, "n": 1})
    assert lite.deploy(f"{A}=1.0.0", f"{B}=1.0.0").status == "SUCCEEDED"
    return lite.speak_as(A), lite.speak_as(B)


def write(client: Any, value: int) -> None:
    client.update_configuration(key_path=[], timestamp=datetime.now(UTC), value_to_merge={"n": value})


def test_a_restarted_ggconfigd_forgets_who_follows_and_answers_as_before(
    lite: Any, pair: tuple[Any, Any], events: Any
) -> None:
    (first, second), heard, again = pair, events(), events()
    second.subscribe_to_configuration_update(component_name=A, key_path=["n"], **heard.handlers())
    write(first, 2)
    assert heard.next().configuration_update_event.key_path == ["n"]
    assert restart(lite, "ggconfigd") == "thing-1: ggconfigd was restarted\n"
    write(first, 3)
    assert second.get_configuration(component_name=A, key_path=["n"]).value == {"n": 3}
    # Only a new subscription hears, on the same connection.
    second.subscribe_to_configuration_update(component_name=A, key_path=["n"], **again.handlers())
    write(first, 4)
    assert again.next().configuration_update_event.key_path == ["n"]
    assert heard.none_within(0.2)
    assert heard.closed.empty()


def test_a_restarted_ggpubsubd_forgets_local_subscriptions(lite: Any, pair: tuple[Any, Any], events: Any) -> None:
    (first, second), heard, again = pair, events(), events()
    _, stream = second.subscribe_to_topic(topic="t", **heard.handlers())
    first.publish_to_topic(topic="t", publish_message=MESSAGE)
    assert heard.next().binary_message.message == b"hello"
    restart(lite, "ggpubsubd")
    first.publish_to_topic(topic="t", publish_message=MESSAGE)
    second.subscribe_to_topic(topic="t", **again.handlers())
    first.publish_to_topic(topic="t", publish_message=MESSAGE)
    assert again.next().binary_message.message == b"hello"
    assert heard.none_within(0.2)
    assert heard.closed.empty()
    stream.close()


def test_on_lite_a_component_receives_its_own_messages_whatever_it_asked_for(
    device: Any, events: Any, everything_allowed: dict[str, Any]
) -> None:
    device.give(A, configuration=everything_allowed)
    device.deploy(f"{A}=1.0.0")
    client, heard = device.speak_as(A), events()
    client.subscribe_to_topic(topic="t", receive_mode="RECEIVE_MESSAGES_FROM_OTHERS", **heard.handlers())
    client.publish_to_topic(topic="t", publish_message=MESSAGE)
    if device.runtime == "lite":
        assert heard.next().binary_message.message == b"hello"
    else:
        assert heard.none_within(0.3)


class Peer:
    """A component whose process connects by name when it is told how, by files in its work folder."""

    def __init__(self, device: Any, name: str = A, run: str = "") -> None:
        self._device = device
        self.name = name
        self._asked = 0
        self.script = device.folder / "by_name.py"
        self.script.write_text(BY_NAME)
        loop = (
            "echo $SVCUID > svcuid; n=1; while :; do if [ -e ask-$n ]; then "
            f'{run} {sys.executable} {self.script} "$(cat socket)" "$(cat ask-$n)" "$PWD/answer-$n"; '
            "n=$((n+1)); else sleep 0.05; fi; done"
        )
        device.give(name, run=loop)

    def ask(self, **said: str) -> dict[str, Any]:
        self._asked += 1
        work = self._device.work(self.name)
        (work / "socket").write_text(self._device.status().socket)
        (work / "part").write_text(json.dumps(said))
        (work / "part").rename(work / f"ask-{self._asked}")
        answer = work / f"answer-{self._asked}"
        deadline = time.monotonic() + 40
        while not answer.exists():
            assert time.monotonic() < deadline, self._device.log(self.name)
            time.sleep(0.02)
        read: dict[str, Any] = json.loads(answer.read_text())
        return read


def test_after_ggipcd_no_token_is_known_and_a_process_of_the_unit_gets_a_new_one_by_name(
    lite: Any, events: Any, everything_allowed: dict[str, Any]
) -> None:
    peer, heard = Peer(lite), events()
    lite.give(B, configuration=everything_allowed)
    lite.deploy(f"{A}=1.0.0", f"{B}=1.0.0")
    old, pid = lite.token(A), lite.pid(A)
    assert peer.ask(componentName=A)["svcuid"] == old, "a token is the same for as long as ggipcd lives"
    lite.speak_as(B).subscribe_to_topic(topic="t", **heard.handlers())
    restart_daemon(lite.root, "ggipcd")
    began = time.monotonic()
    assert heard.closed.get(timeout=40)
    # The old token is closed without an answer, alone and beside the name.
    assert peer.ask(authToken=old) == {}
    assert time.monotonic() - began > 0.9, "meanwhile the connection waits in systemd's socket"
    assert peer.ask(authToken=old, componentName=A) == {}
    answer = peer.ask(componentName=A)
    assert (answer[":message-type"], answer[":message-flags"]) == (5, 1)
    new = answer["svcuid"]
    assert new != old
    assert len(new) == 16
    assert lite.connect(new).get_configuration().value == {}
    assert "svcuid" not in peer.ask(authToken=new, componentName=A)
    assert lite.pid(A) == pid


@pytest.mark.parametrize("run", ["sh -c '\"$@\"' child", "setsid -f", "env -i"])
def test_a_child_and_an_orphan_of_the_unit_are_let_in_by_name(lite: Any, run: str) -> None:
    peer = Peer(lite, run=run)
    lite.deploy(f"{A}=1.0.0")
    assert peer.ask(componentName=A)["svcuid"] == lite.token(A)


def test_a_process_of_another_user_is_known_by_the_token_that_it_was_given() -> None:
    become = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if os.geteuid() == 0 else []
    with subprocess.Popen([*become, "sleep", "60"], env={**os.environ, "SVCUID": "given"}) as process:
        try:
            while Path(f"/proc/{process.pid}/comm").read_text() != "sleep\n":
                time.sleep(0.01)
            assert component_of_process(process.pid, {}, {"given": A}.get) == A
            assert component_of_process(process.pid, {}, {}.get) is None
            # One that has cleared its environment is known as a step, or as a step's child.
            for step in (process.pid, os.getpid()):
                assert component_of_process(process.pid, {step: A}, {}.get) == A
        finally:
            process.kill()


def test_by_name_nobody_is_let_in_who_is_not_of_that_unit(lite: Any, tmp_path: Path) -> None:
    peer = Peer(lite)
    lite.give(B)
    lite.deploy(f"{A}=1.0.0", f"{B}=1.0.0")
    assert peer.ask(componentName=B) == {}
    assert peer.ask(componentName="com.example.nobody") == {}
    assert peer.ask(authToken=lite.token(A), componentName=B) == {}
    answer = tmp_path / "answer"
    said = json.dumps({"componentName": A})
    command = [sys.executable, str(peer.script), lite.status().socket, said, str(answer)]
    subprocess.run(command, check=True, timeout=60)
    assert json.loads(answer.read_text()) == {}


def test_classic_knows_no_connection_by_name_and_no_daemons(classic: Any) -> None:
    peer = Peer(classic)
    classic.deploy(f"{A}=1.0.0")
    assert peer.ask(componentName=A)[":message-flags"] == 0
    assert "only lite has daemons" in restart(classic, "ggipcd")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.connect(classic.status().socket)
