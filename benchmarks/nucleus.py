"""What a nucleus costs: IPC's rate, idling, and a small deployment. ``python -m benchmarks.nucleus``.

Figures of issue 6: 2,000 publishes a second from one client, 300 bytes each; below 80 MB RSS and 1 % of a core when
idle; three small components within 3 s. The rate's baseline is a bare event-stream echo over a Unix socket.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import yaml
from greengrass_emulator.nucleus.ipc.frames import PRELUDE, MessageFlag, MessageType, encode, length_of
from greengrass_emulator.nucleus.status_file import NucleusStatus, read_status

from benchmarks.measuring import eventually

RUNS = 5
_PUBLISHES = 1_000
_LARGEST = 16 * 1024 * 1024
_COMPONENT = "com.example.publisher"
_ALLOWED = {"accessControl": {"aws.greengrass.ipc.pubsub": {"all": {"operations": ["*"], "resources": ["*"]}}}}
_WAIT = 20.0
_PAUSE = 0.005


def main() -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with _nucleus(root) as device:
            _deploy(device, {_COMPONENT: _ALLOWED})
            _publishing(device, root)
            _idling(device)
            _deploying(device)


def _publishing(device: "_Device", folder: Path) -> None:
    token = (device.root / "work" / _COMPONENT / "svcuid").read_text().strip()
    rates: dict[str, list[float]] = {"bare echo": [], "one by one": [], "ten under way": []}
    with _echo(folder / "echo.socket") as echo:
        for _ in range(RUNS):
            rates["bare echo"].append(_rate(echo, token, 1))
            rates["one by one"].append(_rate(device.socket, token, 1))
            rates["ten under way"].append(_rate(device.socket, token, 10))
    medians = {name: median(several) for name, several in rates.items()}
    print(f"PublishToTopic from one client, 300 bytes each; median of {RUNS}, in turn")
    for name, rate in medians.items():
        print(f"  {rate:8,.0f} a second  {rate / medians['bare echo']:5.2f} x  {name}")


def _idling(device: "_Device") -> None:
    before, began = _cpu(device.pid), time.monotonic()
    time.sleep(5)
    share = (_cpu(device.pid) - before) / (time.monotonic() - began)
    pages = int(Path(f"/proc/{device.pid}/statm").read_text().split()[1])
    resident = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    print(f"An idle nucleus without a cloud, one component: {resident:.0f} MB RSS, {share:.2%} of a core (over 5 s)")


def _deploying(device: "_Device") -> None:
    seconds = []
    for run in range(RUNS):
        began = time.monotonic()
        _deploy(device, {f"com.example.small{run}.part{each}": {} for each in range(3)})
        seconds.append(time.monotonic() - began)
    print(f"Three small components by a local deployment: {median(seconds):.2f} s (median of {RUNS})")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Device:
    root: Path
    pid: int
    socket: str


@contextmanager
def _nucleus(folder: Path) -> Iterator[_Device]:
    config = folder / "config.yaml"
    nucleus = {"configuration": {"runWithDefault": {"posixUser": f"{os.geteuid()}:{os.getegid()}"}}}
    system = {"rootpath": "root", "thingName": "measured"}
    config.write_text(yaml.safe_dump({"system": system, "services": {"aws.greengrass.Nucleus": nucleus}}))
    command = [sys.executable, "-m", "greengrass_emulator.nucleus", "--config", str(config), "--runtime", "classic"]
    process = subprocess.Popen(command)
    try:
        status = eventually(lambda: read_status(folder / "root"), _WAIT, _PAUSE)
        yield _Device(folder / "root", process.pid, status.socket)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_WAIT)


def _deploy(device: _Device, components: Mapping[str, object]) -> None:
    recipes = device.root.parent / "recipes"
    recipes.mkdir(exist_ok=True)
    for name, configuration in components.items():
        run = "echo $SVCUID > svcuid; exec sleep 1000"
        recipe = {
            "ComponentName": name,
            "ComponentVersion": "1.0.0",
            "ComponentConfiguration": {"DefaultConfiguration": configuration},
            "Manifests": [{"Platform": {"os": "linux"}, "Artifacts": [], "Lifecycle": {"run": run}}],
        }
        (recipes / f"{name}.json").write_text(json.dumps(recipe))
    token = json.loads((device.root / "cli_ipc_info" / "user-0.json").read_text())["cli_auth_token"]
    request = {
        "rootComponentVersionsToAdd": dict.fromkeys(components, "1.0.0"),
        "recipeDirectoryPath": str(recipes),
    }
    count = len(_status(device).deployments)
    asyncio.run(_call(device.socket, token, "CreateLocalDeployment", json.dumps(request).encode(), 1, 1))
    ended = eventually(lambda: _ended(_status(device), count), _WAIT, _PAUSE)
    if ended.deployments[-1].status != "SUCCEEDED":
        raise RuntimeError(f"the deployment failed: {ended.deployments[-1].cause}")


def _status(device: _Device) -> NucleusStatus:
    return eventually(lambda: read_status(device.root), _WAIT, _PAUSE)


def _ended(status: NucleusStatus, count: int) -> NucleusStatus | None:
    over = len(status.deployments) > count and status.deployments[-1].status in {"SUCCEEDED", "FAILED"}
    return status if over else None


def _rate(path: str, token: str, under_way: int) -> float:
    message = {"topic": "measured/topic", "publishMessage": {"jsonMessage": {"message": {"x": ""}}}}
    spare = 300 - len(json.dumps(message))
    message["publishMessage"] = {"jsonMessage": {"message": {"x": "y" * spare}}}
    began = time.perf_counter()
    asyncio.run(_call(path, token, "PublishToTopic", json.dumps(message).encode(), _PUBLISHES, under_way))
    return _PUBLISHES / (time.perf_counter() - began)


async def _call(path: str, token: str, operation: str, payload: bytes, times: int, under_way: int) -> None:
    """Call an operation many times on one connection, so many at a time without an answer."""
    reader, writer = await asyncio.open_unix_connection(path)
    connect = json.dumps({"authToken": token}).encode()
    writer.write(encode(stream=0, kind=MessageType.CONNECT, flags=MessageFlag.NONE, payload=connect))
    await _read(reader)
    headers = {"operation": f"aws.greengrass#{operation}", "service-model-type": f"aws.greengrass#{operation}Request"}
    sent = 0
    for answered in range(times):
        while sent < times and sent < answered + under_way:
            sent += 1
            writer.write(
                encode(
                    stream=sent,
                    kind=MessageType.APPLICATION_MESSAGE,
                    flags=MessageFlag.NONE,
                    payload=payload,
                    headers=headers,
                )
            )
        await _read(reader)
    writer.close()
    await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> bytes:
    prelude = await reader.readexactly(PRELUDE)
    return prelude + await reader.readexactly(length_of(prelude, _LARGEST) - PRELUDE)


@contextmanager
def _echo(path: Path) -> Iterator[str]:
    """A server that gives every frame back: what the socket and the frames alone cost."""
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(await _read(reader))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = loop.run_until_complete(asyncio.start_unix_server(serve, path=path))
    thread = threading.Thread(target=loop.run_forever, name="echo")
    thread.start()
    try:
        yield str(path)
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_WAIT)
        loop.close()


if __name__ == "__main__":
    main()
