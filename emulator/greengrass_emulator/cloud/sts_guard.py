"""Answers before moto's STS: a role can be assumed only if it exists and its trust policy names the caller.

AWS answers ``AccessDenied`` alike for a role that does not exist and for one that does not trust the caller.
"""

from urllib.parse import parse_qs

from greengrass_emulator.cloud.accounts import Account
from greengrass_emulator.cloud.api_errors import AccessDeniedException, UnsupportedOperationException
from greengrass_emulator.cloud.gateway import GatewayRequest
from greengrass_emulator.cloud.moto_memory.identities import trust_policy
from greengrass_emulator.cloud.role_trust import trusts_caller


class StsGuard:
    """Knows the cloud's accounts: a role of any other account does not exist."""

    def __init__(self, accounts: tuple[Account, ...]) -> None:
        self._ids = {account.id for account in accounts}

    def __call__(self, request: GatewayRequest) -> None:
        """Let moto answer, or raise ``AccessDeniedException``."""
        form = parse_qs(request.body().decode(errors="replace"))
        if form.get("Action") != ["AssumeRole"]:
            return
        role = (form.get("RoleArn") or [""])[0]
        external_id = next(iter(form.get("ExternalId", [])), None)
        parts = role.split(":")
        policy = trust_policy(role) if len(parts) == 6 and parts[4] in self._ids else None
        if not trusts_caller(policy, request.caller, external_id):
            raise AccessDeniedException(
                f"User: {request.caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
            )


def no_session_policies(request: GatewayRequest) -> None:
    """The guard under enforced permissions: trust has been decided already, and session policies are refused."""
    form = parse_qs(request.body().decode(errors="replace"))
    if any(name == "Policy" or name.startswith("PolicyArns.") for name in form):
        raise UnsupportedOperationException("Session policies are not enforced here; assume the role without Policy")
