"""Twenty models on one lite device: published, deployed and confirmed, each message and document within its bounds."""

import json
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device
from greengrass_emulator.cloud.seeding import SeededCloud, create_thing_group

from edge_agent.bringing_up.standing import VERSION_VARIABLE
from shared_schema.digests import model_digest_of_folder, sha256_of_document

ACCOUNT = "prod"
MODELS = 20
AGENT = "com.example.edge-agent"
SETTINGS = {
    "health": {"interval": 10},
    "sources": {"camera": {"type": "folder", "path": "images", "model": "model-0000"}},
    "sinks": {
        "file": {"type": "json-lines", "path": "predictions.jsonl"},
        "line": {"type": "local-topic", "topic": "factory/digits"},
    },
}


class Bench:
    """A group with one lite device, and the release of as many models as lite is to carry.

    The models have the same files, so that one vetting is enough for all: what is looked at here are sizes.
    """

    def __init__(self, cloud: Cloud, bucket: str, folder: Path, write_model: Callable[..., Path]) -> None:
        self.mark = f"l{uuid.uuid4().hex[:6]}"
        self.group = create_thing_group(cloud, self.mark, account=ACCOUNT)
        self._s3 = cloud.client("s3", account="dev")
        self._bucket, self._folder, self._write_model = bucket, folder, write_model

    def release(self, device: Any) -> None:
        """Writes ``dist/release.json`` with the agent of the device's folder."""
        device.add_agent(before=f"export {VERSION_VARIABLE}=1.0.0;")
        device.add_desired()
        recipes = {path.name: path.read_text() for path in (device.folder / "recipes").iterdir()}
        components = [
            _component("agent", AGENT, "agent", recipes[f"{AGENT}-1.0.0.json"], forms=["2"]),
            _component("agent.desired", f"{AGENT}.desired", "desired", recipes[f"{AGENT}.desired-1.0.0.json"]),
            *(self._model(number) for number in range(MODELS)),
        ]
        document = {
            "schema": 1,
            "built": "2026-11-30T12:00:00Z",
            "bucket": self._bucket,
            "region": "eu-west-1",
            "application": "halves-demo",
            "settings": SETTINGS,
            "components": components,
        }
        (self._folder / "dist").mkdir()
        (self._folder / "dist" / "release.json").write_text(json.dumps(document))

    def _model(self, number: int) -> dict[str, Any]:
        name = f"com.example.{self.mark}-{number:04}"[:25].ljust(25, "x")
        folder = self._write_model(self._folder / "models" / name / "halves")
        packed = shutil.make_archive(str(folder), "zip", folder)
        key = f"artifacts/greengrass/{name}/1.0.0/halves.zip"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=Path(packed).read_bytes())
        artifact = {"Uri": f"s3://{self._bucket}/{key}", "Unarchive": "ZIP", "Permission": {"Read": "ALL"}}
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": "1.0.0",
            "Manifests": [
                {
                    "Platform": {"os": "linux", "runtime": "*"},
                    "Lifecycle": {"run": "exit 0"},
                    "Artifacts": [artifact],
                }
            ],
        }
        model = {"digest": model_digest_of_folder(folder), "vetting-timeout": 30}
        return _component(f"model-{number:04}", name, "model", json.dumps(recipe), model=model)


def _component(key: str, name: str, kind: str, recipe: str, **more: Any) -> dict[str, Any]:
    digest = sha256_of_document(recipe)
    named = {"key": key, "name": name, "version": "1.0.0", "kind": kind, "content-digest": digest, "reused": False}
    return {**named, "recipe": recipe, **more}


@pytest.mark.timeout(240)
def test_twenty_models_are_deployed_to_a_lite_device_and_confirmed(
    cloud_publisher: Callable[..., Any],
    greengrass_cloud: Cloud,
    seeded_cloud: SeededCloud,
    device_of: Callable[..., Any],
    write_model: Callable[..., Path],
    eventually: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in greengrass_cloud.environment(ACCOUNT).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    bench = Bench(greengrass_cloud, seeded_cloud.bucket, tmp_path, write_model)
    monkeypatch.setenv("TARGET_ARN", bench.group)
    thing = f"camera-{bench.mark}"
    place = provision_device(greengrass_cloud, tmp_path / thing, account=ACCOUNT, thing=thing, groups=(bench.mark,))
    device = device_of("lite", place)
    bench.release(device)
    assert cloud_publisher("publish").code == 0
    greengrass = greengrass_cloud.client("greengrassv2", account=ACCOUNT)
    eventually(lambda: greengrass.list_core_devices(thingGroupArn=bench.group)["coreDevices"], what="the device")

    done = cloud_publisher("deploy", "--wait", "--timeout", "150", "--interval", "1", "--json")
    assert done.code == 0, (done.out[-2000:], device.log()[-1_500:])
    assert done.json["outcome"] == "confirmed"
    shown = cloud_publisher("status", "--json")
    assert shown.code == 0, shown.err
    (only,) = shown.json["devices"]
    assert len(only["agent"]["models"]) == MODELS

    # What lite says of itself fits too, where the group's name is short: the cloud knows all its components.
    def known() -> bool:
        found = greengrass.list_installed_components(coreDeviceThingName=thing, topologyFilter="ALL")
        return len(found["installedComponents"]) == MODELS + 2

    eventually(known, what="the fleet status")
