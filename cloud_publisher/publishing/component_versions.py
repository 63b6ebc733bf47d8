"""Component versions of one account, read and made through the API, parsed once into values. Decides nothing.

Which calls it makes: DescribeComponent, CreateComponentVersion, DeleteComponent (greengrass).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cloud_publisher.cloud_errors import asking
from cloud_publisher.errors import VersionTakenError
from cloud_publisher.session import Account
from shared_schema.release import CONTENT_DIGEST_TAG, FORMS_TAG

log = logging.getLogger(__name__)
State = Literal["REQUESTED", "INITIATED", "DEPLOYABLE", "FAILED", "DEPRECATED"]


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A component version in the account. ``digest`` and ``forms`` are its tags; ``errors`` are by artifact."""

    arn: str
    state: State
    created: datetime
    digest: str | None = None
    message: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    forms: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """The cloud's own reason of the failure, artifact by artifact."""
        by_artifact = [f"{artifact}: {why}" for artifact, why in sorted(self.errors.items())]
        return "; ".join(part for part in (self.message, *by_artifact) if part) or "the cloud gave no reason"


class ComponentVersions:
    """The versions in one account and region."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._greengrass = account.greengrass

    def find(self, name: str, version: str) -> PublishedVersion | None:
        """Return the version as the account has it; None if it does not exist. Raises ``CloudError``."""
        arn = self._account.component_arn(name, version)
        with asking(f"describe {name} {version}"):
            try:
                found = self._greengrass.describe_component(arn=arn)
            except self._greengrass.exceptions.ResourceNotFoundException:
                return None
        status, tags = found["status"], found.get("tags", {})
        return PublishedVersion(
            arn=found["arn"],
            state=status.get("componentState", "REQUESTED"),
            created=found["creationTimestamp"],
            digest=tags.get(CONTENT_DIGEST_TAG),
            message=status.get("message"),
            errors=status.get("errors", {}),
            forms=tuple(tags.get(FORMS_TAG, "").split()),
        )

    def create(
        self, name: str, version: str, recipe: str, *, digest: str, token: str, forms: Sequence[str] = ()
    ) -> None:
        """Create the version with exactly the recipe's bytes. Raises ``VersionTakenError`` and ``CloudError``."""
        tags = {CONTENT_DIGEST_TAG: digest, **({FORMS_TAG: " ".join(forms)} if forms else {})}
        with asking(f"create {name} {version}"):
            try:
                self._greengrass.create_component_version(inlineRecipe=recipe.encode(), tags=tags, clientToken=token)
            except self._greengrass.exceptions.ConflictException:
                raise VersionTakenError(
                    f"{name} {version} was published meanwhile", "run it again: the version that is there counts"
                ) from None
        log.info("component version created", extra={"component": name, "version": version})

    def delete(self, version: PublishedVersion) -> None:
        """Delete a version. Raises ``CloudError``."""
        with asking(f"delete {version.arn}"):
            self._greengrass.delete_component(arn=version.arn)
        log.info("component version deleted", extra={"arn": version.arn, "state": version.state})
