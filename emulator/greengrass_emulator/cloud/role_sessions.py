"""Who may start a session of a role: clients of STS, before moto answers them, and AWS services such as CodeBuild.

A role can be assumed only if it exists and its trust policy names the caller. AWS answers ``AccessDenied`` alike for a
role that does not exist and for one that does not trust the caller.
"""

from urllib.parse import parse_qs

from greengrass_emulator.cloud.accounts import Account
from greengrass_emulator.cloud.api_errors import AccessDeniedException, UnsupportedOperationException
from greengrass_emulator.cloud.gateway import GatewayRequest
from greengrass_emulator.cloud.moto_memory.identities import assume_role, trust_policy
from greengrass_emulator.cloud.role_trust import trusts_caller, trusts_service
from greengrass_emulator.iam.enforcement.enforcement import Enforcement

_SERVICE_SESSION_SECONDS = 3600


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
    """Refuse session policies. The guard under enforced permissions, which have decided on trust already.

    Raises ``UnsupportedOperationException``.
    """
    form = parse_qs(request.body().decode(errors="replace"))
    if any(name == "Policy" or name.startswith("PolicyArns.") for name in form):
        raise UnsupportedOperationException("Session policies are not enforced here; assume the role without Policy")


def service_session(
    role_arn: str, *, service: str, source_arn: str, region: str, enforcement: Enforcement | None
) -> dict[str, str]:
    """Start a service's session; return its key and token as environment variables.

    ``source_arn`` is the resource for which the service acts. Raises ``AccessDeniedException`` if the role does not
    exist or does not trust the service with it.
    """
    if enforcement is not None:
        trusted = enforcement.service_may_assume(service, role_arn, source_arn)
    else:
        trusted = trusts_service(trust_policy(role_arn), service, source_arn=source_arn)
    if not trusted:
        raise AccessDeniedException(f"{role_arn} does not exist, or does not trust {service} with {source_arn}")
    key, token, _ = assume_role(role_arn, service.partition(".")[0], _SERVICE_SESSION_SECONDS, region)
    return {
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_SESSION_TOKEN": token,
    }
