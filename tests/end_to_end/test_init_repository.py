"""A repository of `cloud-publisher init`, as it stands: its own buildspecs bring a model to a device."""

import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.pipeline import Pipeline
from rehearsal.registry import Registry, Trainings
from rehearsal.world import BUCKET, PACKAGE_GROUP, Group, World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_a_new_repository_releases_a_model_that_its_device_confirms(tmp_path: Path, device_python: Path) -> None:
    repository = tmp_path / "new"
    command = [sys.executable, "-m", "cloud_publisher", "init", str(repository)]
    # With its accounts, as a team would: what the pipeline sets goes before what the config says of bucket and target.
    for stage in ("dev=111111111111", "preprod=222222222222", "prod=333333333333"):
        command += ["--stage", f"{stage}:eu-west-1"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert not (repository / "cloud_publisher").exists()
    scripts = repository / "model_components" / "digits"
    with (
        Trainings(scripts, tmp_path / "models", ["linear"]) as trainings,
        World(tmp_path, {"dev": Group({"new-dev": "lite"})}, python=device_python) as world,
    ):
        registry = Registry(scripts, environment=world.environment(), bucket=BUCKET, group=PACKAGE_GROUP)
        registry.set_status(registry.register(trainings.model("linear")), "Approved")
        pipeline = Pipeline(
            repository,
            tmp_path / "pipeline",
            environment=world.environment(),
            stages=world.stages(),
            report=lambda _words: None,
        )
        # `deploy --wait` ends with 0 only once the device has confirmed the digest that it was sent.
        assert pipeline.run().exit_codes() == {"build": 0, "dev": 0}
