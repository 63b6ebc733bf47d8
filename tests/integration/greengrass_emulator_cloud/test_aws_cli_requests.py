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
    """Requests to the gateway without an SDK."""

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


def _next_token(text: str) -> str:
    token = json.loads(text).get("nextToken") if text.startswith("{") else None
    return quote(token, safe="") if token else ""


def test_each_recorded_request_is_answered(cloud: Cloud, unique: str) -> None:
    wire = Wire(cloud, unique)
    for request in RECORDED:
        status, text = wire.ask(request)
        if "DEPLOYABLE" in request.get("holds", ""):
            # The CLI's user looks again, too.
            deadline = time.monotonic() + SECONDS
            while "DEPLOYABLE" not in text and time.monotonic() < deadline:
                time.sleep(0.05)
                status, text = wire.ask(request)
        holds = request.get("holds", "").replace("NAME", unique)
        # Other tests' components share the account; the CLI asks for the next page, too.
        while status == 200 and holds not in text and (token := _next_token(text)):
            status, text = wire.ask({**request, "target": f"{request['target']}&nextToken={token}"})
        assert status == request["status"], (request["command"], text)
        assert holds in text, (request["command"], text)


def test_a_presigned_url_of_signature_version_2_is_refused(cloud: Cloud, unique: str) -> None:
    """`aws s3 presign` of CLI 1 makes such URLs for a custom endpoint; buckets since June 2020 refuse them."""
    address = urlsplit(cloud.endpoint_url)
    connection = HTTPConnection(str(address.hostname), address.port or 80, timeout=SECONDS)
    try:
        connection.request("GET", f"/{unique}/k?AWSAccessKeyId=AKIAEXAMPLE&Signature=x%3D&Expires=1795563238")
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    assert answer.status == 400
    assert "<Code>InvalidRequest</Code>" in text
    assert "Please use AWS4-HMAC-SHA256" in text


@pytest.mark.parametrize("field", ["method", "target", "status", "command", "service"])
def test_the_recording_is_whole(field: str) -> None:
    assert len(RECORDED) > 20
    assert all(request[field] for request in RECORDED)
