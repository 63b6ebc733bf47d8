"""A package that a team registers with the SageMaker SDK is resolved like any other.

Collected where `make test-sdk` has set up the SDK's own environment.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from greengrass_emulator.cloud.cloud import Cloud

from .conftest import SDK, onnx_model, tar_of

SCRIPT = Path(__file__).with_name("register_with_the_sdk.py")


def test_a_package_registered_by_the_sdk_is_built_like_any_other(
    run: Callable[..., Any], cloud: Cloud, digits: Any, registry: Any, bucket: Any
) -> None:
    key = "models/of-the-sdk/model.tar.gz"
    bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=tar_of({"tiny.onnx": onnx_model()}))
    done = subprocess.run(
        [str(SDK), str(SCRIPT), registry.group, f"s3://{bucket.name}/{key}"],
        env={**os.environ, **cloud.environment("dev")},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    arn = done.stdout.split()[-1]
    built = run("build")
    assert built.code == 0, built.err
    component = digits.component("digits")
    assert component["version"] == "1.0.0"
    assert component["model"]["source"] == arn
