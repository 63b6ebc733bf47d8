"""boto3 clients of the emulated cloud. They read nothing of the environment: neither profiles nor other endpoints."""

from typing import Any

from greengrass_emulator.cloud.accounts import AccessKey


def client_for(service: str, endpoint_url: str, region: str, key: AccessKey, session_token: str | None = None) -> Any:
    """A client that signs with this key. A fresh session for each: boto3's default one is not safe for threads."""
    import boto3  # noqa: PLC0415 - half a second, which `--help` need not pay
    from botocore.config import Config  # noqa: PLC0415

    session = boto3.session.Session(
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        aws_session_token=session_token,
        region_name=region,
    )
    config = Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 2, "mode": "standard"})
    make_client: Any = session.client  # the stubs know each service by its literal name only
    return make_client(service, endpoint_url=endpoint_url, config=config)
