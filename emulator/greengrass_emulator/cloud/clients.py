"""How a client reaches an account of the emulated cloud: its endpoints, and AWS clients as boto3 makes them.

The clients take only proxies from the environment. All of them share one loader of service models, because reading the
models takes most of the time.
"""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greengrass_emulator.cloud.accounts import AccessKey, Account

if TYPE_CHECKING:
    from botocore.loaders import Loader

_lock = threading.Lock()
_shared: dict[str, "Loader"] = {}


def client_for(service: str, endpoint_url: str, region: str, key: AccessKey, session_token: str | None = None) -> Any:
    """Return a client that signs with this key: botocore's, as boto3's are, but without the default session."""
    import botocore.session  # noqa: PLC0415 - a quarter of a second, which `--help` need not pay
    from botocore.config import Config  # noqa: PLC0415
    from botocore.loaders import Loader  # noqa: PLC0415

    config = Config(connect_timeout=5, read_timeout=60, retries={"max_attempts": 2, "mode": "standard"})
    with _lock:
        session: Any = botocore.session.Session()
        session.register_component("data_loader", _shared.setdefault("loader", Loader()))
        return session.create_client(
            service,
            region_name=region,
            endpoint_url=endpoint_url,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
            aws_session_token=session_token,
            config=config,
        )


@dataclass(frozen=True, slots=True)
class AccountEndpoints:
    """One account's endpoints: its administrator's key, its broker's port, its device endpoint's port."""

    account: Account
    key: AccessKey
    broker_port: int
    device_endpoint_port: int

    def environment(self, endpoint_url: str) -> dict[str, str]:
        """Return the environment variables with which another process's AWS client reaches the account."""
        return {
            "AWS_ENDPOINT_URL": endpoint_url,
            "AWS_ACCESS_KEY_ID": self.key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.key.secret_access_key,
            "AWS_REGION": self.account.region,
            "AWS_DEFAULT_REGION": self.account.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
