"""The AWS CLI's requests, byte for byte but for names and signature, are answered as the CLI needs them.

``requests_of_the_aws_cli.json`` was recorded from aws-cli 1.46.3 (botocore 1.43.62), which was content with them.
The CLI itself is no dependency of ours, as it ties botocore to a version of its own.
"""

import base64
import json
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from greengrass_emulator.cloud.cloud import Cloud

RECORDED = json.loads(Path(__file__).with_name("requests_of_the_aws_cli.json").read_text(encoding="utf-8"))
RECIPE = {
    "RecipeFormatVersion": "2020-01-25",
    "ComponentName": "com.example.NAME",
    "ComponentVersion": "1.0.0",
    "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "exit 0"}, "Artifacts": []}],
}
SECONDS = 30


class Wire:
    """The gateway, spoken to without an SDK."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        address = urlsplit(cloud.endpoint_url)
        self._place = (str(address.hostname), address.port or 80)
        self._key, self._region = cloud.endpoints("dev").key.access_key_id, cloud.region
        self._name = name

    def ask(self, request: dict[str, Any]) -> tuple[int, str]:
        recipe = base64.b64encode(json.dumps(RECIPE).replace("NAME", self._name).encode()).decode()
        body = request["body"].replace("RECIPE", recipe).replace("NAME", self._name)
        scope = f"{self._key}/20261124/{self._region}/{request['service']}/aws4_request"
        signature = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=0"
        connection = HTTPConnection(*self._place, timeout=SECONDS)
        try:
            connection.request(
                request["method"],
                request["target"].replace("NAME", self._name),
                body.encode() or None,
                {**request["headers"], "Authorization": signature},
            )
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def _next_token(said: str) -> str:
    token = json.loads(said).get("nextToken") if said.startswith("{") else None
    return quote(token, safe="") if token else ""


def test_each_is_answered_as_it_was_when_it_was_recorded(cloud: Cloud, unique: str) -> None:
    wire = Wire(cloud, unique)
    for request in RECORDED:
        status, said = wire.ask(request)
        if "DEPLOYABLE" in request.get("holds", ""):
            # The CLI's user looks again, too.
            deadline = time.monotonic() + SECONDS
            while "DEPLOYABLE" not in said and time.monotonic() < deadline:
                time.sleep(0.05)
                status, said = wire.ask(request)
        holds = request.get("holds", "").replace("NAME", unique)
        # Other tests' components share the account; the CLI asks for the next page, too.
        while status == 200 and holds not in said and (token := _next_token(said)):
            status, said = wire.ask({**request, "target": f"{request['target']}&nextToken={token}"})
        assert status == request["status"], (request["command"], said)
        assert holds in said, (request["command"], said)


def test_a_presigned_url_of_the_old_kind_is_refused_with_the_kind_that_s3_takes(cloud: Cloud, unique: str) -> None:
    """What `aws s3 presign` of CLI 1 makes for an endpoint of one's own; buckets since June 2020 do not take it."""
    address = urlsplit(cloud.endpoint_url)
    connection = HTTPConnection(str(address.hostname), address.port or 80, timeout=SECONDS)
    try:
        connection.request("GET", f"/{unique}/k?AWSAccessKeyId=AKIAEXAMPLE&Signature=x%3D&Expires=1795563238")
        answer = connection.getresponse()
        said = answer.read().decode()
    finally:
        connection.close()
    assert answer.status == 400
    assert "<Code>InvalidRequest</Code>" in said
    assert "Please use AWS4-HMAC-SHA256" in said


@pytest.mark.parametrize("field", ["method", "target", "status", "command", "service"])
def test_the_recording_is_whole(field: str) -> None:
    assert len(RECORDED) > 20
    assert all(request[field] for request in RECORDED)
