"""Role sessions of AWS services, such as the one under which CodeBuild runs a build."""

from greengrass_emulator.cloud.api_errors import AccessDeniedException
from greengrass_emulator.cloud.moto_memory.identities import assume_role, trust_policy
from greengrass_emulator.cloud.role_trust import trusts_service
from greengrass_emulator.iam.enforcement.enforcement import Enforcement

_SECONDS = 3600


def service_session(
    role_arn: str, *, service: str, source_arn: str, region: str, enforcement: Enforcement | None
) -> dict[str, str]:
    """Return a session's key and token, as environment variables. The service acts for ``source_arn``.

    Raises ``AccessDeniedException`` if the role does not exist or does not trust the service with it.
    """
    if enforcement is not None:
        trusted = enforcement.service_may_assume(service, role_arn, source_arn)
    else:
        trusted = trusts_service(trust_policy(role_arn), service, source_arn=source_arn)
    if not trusted:
        raise AccessDeniedException(f"{role_arn} does not exist, or does not trust {service} with {source_arn}")
    key, token, _ = assume_role(role_arn, service.partition(".")[0], _SECONDS, region)
    return {
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_SESSION_TOKEN": token,
    }
