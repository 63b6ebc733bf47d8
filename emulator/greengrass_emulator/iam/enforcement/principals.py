"""The principal of an access key, with the role behind a session, from moto's IAM and STS."""

from collections.abc import Sequence

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from greengrass_emulator.iam.requests import Principal, PrincipalKind

_PARTITION = "aws"


def principal_of(account_ids: Sequence[str], access_key_id: str, thing: str = "") -> Principal | None:
    """Return the user or role session of an access key, a device's if ``thing`` is given; None for an unknown key."""
    for account in account_ids:
        session = sts_backends[account][_PARTITION].get_assumed_role_from_access_key(access_key_id)
        if session is not None:
            return Principal(PrincipalKind.ROLE, account, session.role_arn, session.arn, thing)
        user = iam_backends[account][_PARTITION].get_user_from_access_key_id(access_key_id)
        if user is not None:
            return Principal(PrincipalKind.USER, account, user.arn)
    return None
