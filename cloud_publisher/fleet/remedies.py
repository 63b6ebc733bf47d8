"""What to do about a deployment that failed on a device, by the codes of its error stack, the last cause first.

Source of the codes: the nucleus's DeploymentErrorCode, and "Detailed deployment error codes" of the developer guide.
"""

from collections.abc import Mapping, Sequence

_BUCKET = "let the device's token-exchange role, and the bucket's and the key's policies, allow it (doctor finds which)"
_GONE = "build and publish again: the artifact is not in the bucket any more"
_LOG = "the component's log on the device says more (/greengrass/v2/logs); mend it, and deploy --retry"
_JOURNAL = (
    "nucleus lite gives no cause: look into the device's journal (journalctl -u ggl.core.ggdeploymentd.service, and "
    "-u ggl.COMPONENT.service of a component); mend it, and deploy --retry"
)
LITE = "aws_nucleus_lite"
_NETWORK = "look at the device's network (endpoint, proxy, DNS, TLS), and deploy --retry"
_REMEDIES: Mapping[str, str] = {
    "S3_GET_BUCKET_LOCATION_ACCESS_DENIED": f"s3:GetBucketLocation is refused: {_BUCKET}",
    "S3_HEAD_OBJECT_ACCESS_DENIED": f"s3:GetObject is refused: {_BUCKET}",
    "S3_GET_OBJECT_ACCESS_DENIED": f"s3:GetObject, or kms:Decrypt of its key, is refused: {_BUCKET}",
    "S3_ACCESS_DENIED": _BUCKET,
    "S3_GET_BUCKET_LOCATION_RESOURCE_NOT_FOUND": "the bucket is not there: build again with the right --bucket",
    "S3_HEAD_OBJECT_RESOURCE_NOT_FOUND": _GONE,
    "S3_GET_OBJECT_RESOURCE_NOT_FOUND": _GONE,
    "S3_RESOURCE_NOT_FOUND": _GONE,
    "ARTIFACT_CHECKSUM_MISMATCH": "the object was changed after it was published: build and publish a new version",
    "CREDENTIAL_ENDPOINT_AUTH_FAILURE": "let the device's certificate assume its role alias (core-device policy)",
    "RESOLVE_COMPONENT_CANDIDATES_ACCESS_DENIED": "let the device resolve components (core-device policy)",
    "GET_COMPONENT_VERSION_ARTIFACT_ACCESS_DENIED": "let the device get artifacts (core-device policy)",
    "GET_DEPLOYMENT_CONFIGURATION_ACCESS_DENIED": "let the device get its deployment (core-device policy)",
    "ACCESS_DENIED": "let the device do what its log says was refused (core-device policy)",
    "DISK_SPACE_CRITICAL": "free disk space on the device, and deploy --retry",
    "IO_WRITE_ERROR": "look at the device's disk and the rights of the nucleus's folder, and deploy --retry",
    "IO_UNZIP_ERROR": "look at the device's disk; if there is room, build and publish a new version",
    "NO_AVAILABLE_COMPONENT_VERSION": "publish the version that it names, or take what asks for it out of the release",
    "COMPONENT_VERSION_REQUIREMENTS_NOT_MET": "two of the device's deployments or components ask for different "
    "versions: let them agree, or take the device out of a group",
    "COMPONENT_CIRCULAR_DEPENDENCY_ERROR": "break the cycle of dependencies (lint shows it), and build again",
    "RECIPE_PARSE_ERROR": "lint the recipe, and build again",
    "RECIPE_MISSING_MANIFEST": "add a manifest for the device's platform to the recipe, and build again",
    "COMPONENT_CONFIGURATION_NOT_VALID": "a component refused its new configuration, or never answered: its log says "
    "more; mend it, and deploy --retry",
    "COMPONENT_BROKEN": _LOG,
    "COMPONENT_UPDATE_ERROR": _LOG,
    "COMPONENT_BOOTSTRAP_ERROR": _LOG,
    "COMPONENT_BOOTSTRAP_TIMEOUT": _LOG,
    "RUN_WITH_CONFIG_NOT_VALID": "give runWith in deployment.json a user that is on the device",
    "MISSING_TOKEN_EXCHANGE_SERVICE": "add aws.greengrass.TokenExchangeService to the dependencies or the deployment",
    "NETWORK_ERROR": _NETWORK,
    "HTTP_REQUEST_ERROR": _NETWORK,
    "MQTT_CONNECTION_FAILED": _NETWORK,
    "TLS_HANDSHAKE_FAILURE": _NETWORK,
    "THROTTLING_ERROR": "AWS was busy: slow the rollout down (jobExecutionsRolloutConfig), and deploy --retry",
    "SERVER_ERROR": "AWS failed: deploy --retry later",
}


def remedy_for(stack: Sequence[str], runtime: str | None = None) -> str:
    """Return what to do about the last known cause of an error stack; general advice if no cause is known.

    Nucleus lite sends no stack, and logs to the journal alone (ggdeploymentd/src/iot_jobs_listener.c, update_job).
    """
    if runtime == LITE and not stack:
        return _JOURNAL
    known = (_REMEDIES[code] for code in reversed(stack) if code in _REMEDIES)
    return next(known, "the nucleus's log on the device says more (/greengrass/v2/logs); mend it, and deploy --retry")
