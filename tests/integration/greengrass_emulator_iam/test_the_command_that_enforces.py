"""`greengrass-emulator up --enforce-iam`, as a process."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from greengrass_emulator.cloud.accounts import AccessKey
from greengrass_emulator.cloud.clients import client_for
from greengrass_emulator.cloud.cloud_state import read_state

COMMAND = [sys.executable, "-m", "greengrass_emulator.cli.main", "up"]


def test_a_user_without_policies_may_do_nothing_and_every_call_is_recorded(tmp_path: Path) -> None:
    state, calls = tmp_path / "state", tmp_path / "calls.jsonl"
    arguments = ["--state", str(state), "--accounts", "dev=444444444444", "--enforce-iam", "--record-calls", str(calls)]
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not (state / "cloud.json").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "no cloud.json within 20 s"
            time.sleep(0.05)
        cloud = read_state(state / "cloud.json")
        iam = cloud.client("iam", "dev")
        iam.create_user(UserName="newcomer")
        given = iam.create_access_key(UserName="newcomer")["AccessKey"]
        key = AccessKey(given["AccessKeyId"], given["SecretAccessKey"])
        with pytest.raises(ClientError, match="no identity-based policy allows the s3:ListAllMyBuckets action"):
            client_for("s3", cloud.gateway_url, cloud.region, key).list_buckets()
        assert (
            client_for("sts", cloud.gateway_url, cloud.region, key).get_caller_identity()["Account"] == "444444444444"
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)
    recorded = [json.loads(line) for line in calls.read_text().splitlines()]
    assert [(call["operation"], call["allowed"]) for call in recorded] == [
        ("CreateUser", True),
        ("CreateAccessKey", True),
        ("ListBuckets", False),
        ("GetCallerIdentity", True),
    ]
