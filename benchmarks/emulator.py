"""The emulator: what an idle device costs, how soon a deployment is done, and how many devices one machine carries.

Figures to keep (issue 6): a device idles below 80 MB RSS and 1 % of a core; three small components are done within 3 s
of CreateDeployment; 50 devices on 2 cores take one deployment within 60 s. The baselines are what the same machine does
in the same run without us: three processes started by hand, and an interpreter that only waits.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device
from greengrass_emulator.cloud.seeding import create_thing_group
from greengrass_emulator.devices.running_device import RunningDevice

from benchmarks.measuring import eventually

FLEETS = tuple(int(size) for size in os.environ.get("EMULATOR_FLEETS", "1,10,50").split(","))
RUNS = 5
IDLE_SECONDS = 5.0
SKIP = {"componentUpdatePolicy": {"action": "SKIP_NOTIFY_COMPONENTS", "timeoutInSeconds": 60}}
MEGABYTE = 1024 * 1024
_LONGEST = 240.0


def main() -> None:
    """Print the figures."""
    with Cloud() as cloud, TemporaryDirectory() as folder:
        greengrass = cloud.client("greengrassv2")
        names = [f"com.example.small{number}" for number in range(3)]
        for name in names:
            _publish(greengrass, name)
        _idle_and_deploy(cloud, greengrass, Path(folder), names)
        print(f"fleets of devices without an agent, one trivial component, {os.cpu_count()} cores")
        for size in FLEETS:
            _fleet(cloud, greengrass, Path(folder), size, names[0])


def _publish(greengrass: Any, name: str) -> None:
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentVersion": "1.0.0",
        "Manifests": [{"Platform": {"os": "linux", "runtime": "*"}, "Lifecycle": {"run": "exit 0"}, "Artifacts": []}],
    }
    arn = greengrass.create_component_version(inlineRecipe=json.dumps(recipe).encode())["arn"]
    eventually(lambda: greengrass.describe_component(arn=arn)["status"]["componentState"] == "DEPLOYABLE", _LONGEST)


def _idle_and_deploy(cloud: Cloud, greengrass: Any, folder: Path, names: list[str]) -> None:
    arn = create_thing_group(cloud, "one", account="dev")
    waiting = subprocess.Popen([sys.executable, "-c", "import asyncio; asyncio.run(asyncio.sleep(1000))"])
    try:
        with _fleet_of(cloud, folder, "one", 1) as devices:
            nucleus = psutil.Process(devices[0].status().pid)  # type: ignore[union-attr]
            baseline = psutil.Process(waiting.pid)
            time.sleep(1)
            before = nucleus.cpu_times()
            time.sleep(IDLE_SECONDS)
            after = nucleus.cpu_times()
            share = max(0.0, 100 * (after.user + after.system - before.user - before.system) / IDLE_SECONDS)
            resident, bare = nucleus.memory_info().rss, baseline.memory_info().rss
            print("an idle device next to an interpreter that waits")
            print(f"  {bare / MEGABYTE:6.1f} MB   1.00 x  interpreter")
            print(f"  {resident / MEGABYTE:6.1f} MB {resident / bare:6.2f} x  nucleus, {share:.2f} % of a core")
            by_hand, deployed = [], []
            for _ in range(RUNS):
                began = time.perf_counter()
                for _ in names:
                    subprocess.run(["/bin/sh", "-c", "exit 0"], check=True)
                by_hand.append(time.perf_counter() - began)
                deployed.append(_deploy(greengrass, arn, devices, dict.fromkeys(names, "1.0.0")))
                _deploy(greengrass, arn, devices, {})
            print(f"three small components, median of {RUNS}, in turn")
            print(f"  {median(by_hand):6.3f} s   1.00 x  three shells by hand")
            ratio = median(deployed) / median(by_hand)
            print(f"  {median(deployed):6.3f} s {ratio:6.1f} x  from CreateDeployment to SUCCEEDED")
    finally:
        waiting.kill()
        waiting.wait()


def _fleet(cloud: Cloud, greengrass: Any, folder: Path, size: int, name: str) -> None:
    group = f"fleet-{size}"
    arn = create_thing_group(cloud, group, account="dev")
    began = time.perf_counter()
    with _fleet_of(cloud, folder, group, size) as devices:
        ready = time.perf_counter() - began
        seconds = _deploy(greengrass, arn, devices, {name: "1.0.0"})
        pids = [status.pid for device in devices if (status := device.status()) is not None]
        resident = sum(psutil.Process(pid).memory_info().rss for pid in pids)
        here = psutil.Process().memory_info().rss
        print(
            f"  {size:3d} devices: {ready:5.1f} s to be connected, {seconds:5.2f} s for a deployment, "
            f"{resident / MEGABYTE:6.0f} MB in nuclei, {here / MEGABYTE:4.0f} MB in the cloud"
        )


@contextmanager
def _fleet_of(cloud: Cloud, folder: Path, group: str, size: int) -> Iterator[list[RunningDevice]]:
    with ExitStack() as running:
        devices = []
        for number in range(size):
            thing = f"{group}-{number}"
            made = provision_device(cloud, folder / thing, account="dev", thing=thing, groups=(group,))
            device = RunningDevice(made)
            running.callback(device.stop)
            devices.append(device.start(wait=False))
        for device in devices:
            eventually(partial(_connected, device), _LONGEST)
        yield devices


def _connected(device: RunningDevice) -> bool:
    status = device.status()
    return status is not None and status.connected


def _deploy(greengrass: Any, arn: str, devices: list[RunningDevice], components: dict[str, str]) -> float:
    began = time.perf_counter()
    wanted = {name: {"componentVersion": version} for name, version in components.items()}
    made = greengrass.create_deployment(targetArn=arn, components=wanted, deploymentPolicies=SKIP)
    waiting = {device.thing for device in devices}

    def done() -> bool:
        for thing in list(waiting):
            found = greengrass.list_effective_deployments(coreDeviceThingName=thing)["effectiveDeployments"]
            statuses = {
                each["coreDeviceExecutionStatus"] for each in found if each["deploymentId"] == made["deploymentId"]
            }
            if "FAILED" in statuses:
                raise RuntimeError(f"{thing} failed its deployment: {found}")
            if statuses != {"SUCCEEDED"}:
                return False
            waiting.discard(thing)
        return True

    eventually(done, _LONGEST)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
