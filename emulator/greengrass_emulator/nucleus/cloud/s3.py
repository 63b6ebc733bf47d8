"""Downloading an artifact from S3, with the calls that classic makes, in its order (S3Downloader.java).

GetBucketLocation, HeadObject, ranged GetObject: a bucket's policy must allow the device all three. Requests are
signed with botocore's own signer; its clients would cost a device tens of megabytes.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

import urllib3

from greengrass_emulator.nucleus.cloud.data_plane import Credentials
from greengrass_emulator.nucleus.cloud.reaching import RETRIES
from greengrass_emulator.nucleus.errors import CloudAway, DeploymentFailed

_log = logging.getLogger(__name__)
_TIMEOUT = urllib3.Timeout(connect=5, read=60)
_BLOCK = 1024 * 1024


class S3Download:
    """Downloads an object into a file. Called in a thread."""

    def __init__(self, credentials: Callable[[], Credentials], region: str, endpoint: str | None) -> None:
        self._credentials = credentials
        self._region = region
        self._endpoint = endpoint
        self._http = urllib3.PoolManager(timeout=_TIMEOUT, retries=RETRIES)

    def close(self) -> None:
        self._http.clear()

    def __call__(self, uri: str, file: Path) -> None:
        """Raises DeploymentFailed with the code of the call that was refused."""
        parts = urlsplit(uri)
        bucket, key = parts.netloc, parts.path.removeprefix("/")
        if parts.scheme != "s3" or not bucket or not key:
            raise DeploymentFailed(
                f"{uri} is not s3://BUCKET/KEY. Correct the recipe's artifact.",
                "ARTIFACT_DOWNLOAD_ERROR",
                "S3_ARTIFACT_URI_NOT_VALID",
            )
        try:
            location = self._call("GET_BUCKET_LOCATION", "GET", bucket, "", self._region, query="location")
            region = _region(location.data)
            head = self._call("HEAD_OBJECT", "HEAD", bucket, key, region)
            size = int(head.headers.get("content-length") or 0)
            self._get(bucket, key, region, size, file)
        except (urllib3.exceptions.HTTPError, CloudAway) as error:
            raise DeploymentFailed(
                f"{uri} could not be downloaded: {error}", "ARTIFACT_DOWNLOAD_ERROR", "NETWORK_ERROR"
            ) from error

    def _get(self, bucket: str, key: str, region: str, size: int, file: Path) -> None:
        headers = {"range": f"bytes=0-{size - 1}"} if size else {}
        answer = self._call("GET_OBJECT", "GET", bucket, key, region, headers=headers, stream=True)
        try:
            with file.open("wb") as output:
                for block in answer.stream(_BLOCK):
                    output.write(block)
        finally:
            answer.release_conn()

    def _call(
        self,
        operation: str,
        method: str,
        bucket: str,
        key: str,
        region: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        url = self._url(bucket, key, region) + (f"?{query}" if query else "")
        signed = self._signed(method, url, region, headers or {})
        answer = self._http.request(method, url, headers=signed, preload_content=not stream)
        if answer.status >= 300:
            reason = {403: "ACCESS_DENIED", 404: "RESOURCE_NOT_FOUND"}.get(answer.status)
            raise DeploymentFailed(
                f"{operation} of s3://{bucket}/{key} was refused with {answer.status}. "
                "See that the object exists, and that the bucket's policy and key allow this device's role "
                "s3:GetBucketLocation and s3:GetObject.",
                "ARTIFACT_DOWNLOAD_ERROR",
                "S3_ERROR",
                *((f"S3_{operation}_{reason}",) if reason else ()),
            )
        return answer

    def _url(self, bucket: str, key: str, region: str) -> str:
        path = quote(key, safe="/~")
        if self._endpoint is not None:
            return f"{self._endpoint}/{bucket}/{path}" if path else f"{self._endpoint}/{bucket}"
        return f"https://{bucket}.s3.{region}.amazonaws.com/{path}"

    def _signed(self, method: str, url: str, region: str, headers: Mapping[str, str]) -> dict[str, str]:
        # Imported at the first download, so that other devices do not pay for it.
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415
        from botocore.credentials import Credentials as Keys  # noqa: PLC0415

        known = self._credentials()
        request = AWSRequest(method=method, url=url, headers=dict(headers))
        request.context["signing"] = {"region": region}
        S3SigV4Auth(Keys(known.access_key, known.secret_key, known.token), "s3", region).add_auth(request)
        return {str(name): str(value) for name, value in request.headers.items()}


def _region(answer: bytes) -> str:
    """Return the region in a LocationConstraint; an empty one means us-east-1."""
    try:
        text = ET.fromstring(answer).text  # noqa: S314 - S3's own answer, read for one text
    except ET.ParseError:
        return "us-east-1"
    return (text or "").strip() or "us-east-1"
