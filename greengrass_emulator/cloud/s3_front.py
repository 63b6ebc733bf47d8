"""Stands before moto's S3: a checksum that a client sends is checked, and kept.

moto keeps a SHA-256 only for clients that also name the algorithm, and never compares it with the bytes; S3 answers
``BadDigest`` (Amazon S3 user guide, "Checking object integrity").
"""

import base64
import hashlib

from greengrass_emulator.cloud.api_errors import ApiError
from greengrass_emulator.cloud.gateway import GatewayRequest


class BadDigest(ApiError):
    """The bytes are not those that the checksum was made from."""

    code = "BadDigest"
    status = 400


def check_digest(request: GatewayRequest) -> None:
    """Lets moto answer, or raises ``BadDigest``. A streamed upload's checksum is moto's affair."""
    claimed = request.environ.get("HTTP_X_AMZ_CHECKSUM_SHA256")
    streamed = "aws-chunked" in request.environ.get("HTTP_CONTENT_ENCODING", "")
    if request.method != "PUT" or not claimed or streamed:
        return
    if base64.b64encode(hashlib.sha256(request.body()).digest()).decode() != claimed:
        raise BadDigest("The SHA256 you specified did not match the calculated checksum.")
    request.environ.setdefault("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", "SHA256")
