"""The owner of an access key, and a role's trust policy, from moto's IAM and STS.

moto itself accepts an unknown access key for its default account, and lets a client assume a role that does not exist
(docs/greengrass-facts.md, "The emulator's parts"); AWS does neither.
"""

import json
from datetime import UTC, datetime, timedelta

from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from greengrass_emulator.cloud.accounts import AccessKey, Account, Caller
from greengrass_emulator.cloud.api_errors import ExpiredTokenException, UnrecognizedClientException

_PARTITION = "aws"
ADMINISTRATOR = "administrator"


def find_caller(accounts: tuple[Account, ...], access_key_id: str, session_token: str | None) -> Caller:
    """Return the caller with this access key.

    Raises ``UnrecognizedClientException`` for an unknown key, ``ExpiredTokenException`` for an expired session.
    """
    for account in accounts:
        session = sts_backends[account.id][_PARTITION].get_assumed_role_from_access_key(access_key_id)
        if session is not None:
            if session.expiration < utcnow():
                raise ExpiredTokenException("The security token included in the request is expired")
            if session_token != session.session_token:
                raise UnrecognizedClientException("The security token included in the request is invalid.")
            return Caller(account.id, session.arn, access_key_id, session_token)
        user = iam_backends[account.id][_PARTITION].get_user_from_access_key_id(access_key_id)
        if user is not None:
            return Caller(account.id, user.arn, access_key_id, session_token)
    raise UnrecognizedClientException("The security token included in the request is invalid.")


def trust_policy(role_arn: str) -> str | None:
    """Return the JSON text of a role's trust policy, or None for an unknown role."""
    account_id = role_arn.split(":")[4]
    for role in iam_backends[account_id][_PARTITION].get_roles():
        if role.arn == role_arn:
            return str(role.assume_role_policy_document)
    return None


def assume_role(role_arn: str, session_name: str, seconds: int, region: str) -> tuple[AccessKey, str, datetime]:
    """Start a session of a role, as an AWS service does. Return key, session token, expiry (UTC)."""
    account_id = role_arn.split(":")[4]
    session = sts_backends[account_id][_PARTITION].assume_role(
        region_name=region,
        role_session_name=session_name,
        role_arn=role_arn,
        policy="",
        duration=seconds,
        external_id="",
    )
    key = AccessKey(session.access_key_id, session.secret_access_key)
    return key, str(session.session_token), session.expiration.replace(tzinfo=UTC)


def expire_sessions(account_id: str) -> None:
    """End every role session of an account."""
    for session in list(sts_backends[account_id][_PARTITION].assumed_roles):
        session.expiration = min(session.expiration, utcnow() - timedelta(seconds=1))


def create_administrator(account: Account) -> AccessKey:
    """Create a user of the account with a long-term access key, for the first client."""
    backend = iam_backends[account.id][_PARTITION]
    backend.create_user(account.region, ADMINISTRATOR)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    backend.put_user_policy(ADMINISTRATOR, "Everything", json.dumps(everything))
    key = backend.create_access_key(ADMINISTRATOR)
    return AccessKey(str(key.access_key_id), str(key.secret_access_key))
