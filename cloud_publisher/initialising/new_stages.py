"""``--stage NAME=ACCOUNT:REGION[:GROUP]`` of ``init``: from the options to ``stages:`` of a new config, checked.

Pure: texts in, text out. The stages are checked by the same rules as those of a config.
"""

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cloud_publisher.errors import InvalidDocumentError, WrongUseError
from cloud_publisher.initialising.contents import Accounts
from cloud_publisher.policies.stages import partition_of, stage_diagnostics
from shared_schema.config import Config
from shared_schema.diagnostics import Diagnostic, Place
from shared_schema.documents import Document, read_text_document
from shared_schema.errors import DocumentError
from shared_schema.stages import DEV_STAGE

DEPLOY_ROLE = "MlopsDeployRole"
"""As target-account.yaml names it."""
_GROUP = "fleet"
_FORM = "write it as NAME=ACCOUNT:REGION or NAME=ACCOUNT:REGION:THING-GROUP, such as prod=111122223333:eu-west-1:line-1"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9:/_.-]*")
_GIVEN_PARTS = (("account",), ("region",))


@dataclass(frozen=True, slots=True)
class NewStage:
    """One stage as it was asked for."""

    name: str
    account: str
    region: str
    group: str

    def text(self) -> str:
        """The stage in the config, with a new external id."""
        partition = partition_of(self.region)
        values = {
            "account": self.account,
            "region": self.region,
            "target": f"arn:{partition}:iot:{self.region}:{self.account}:thinggroup/{self.group}",
            "role": f"arn:{partition}:iam::{self.account}:role/{DEPLOY_ROLE}",
            "external-id": f"mlops-{secrets.token_hex(12)}",
        }
        return "".join([f"  {self.name}:\n", *(f"    {key}: {_scalar(value)}\n" for key, value in values.items())])


def read_stage_options(texts: Sequence[str]) -> list[NewStage]:
    """Parse the values of ``--stage``. Raises ``WrongUseError`` for a text of another form, or a repeated name."""
    stages: list[NewStage] = []
    for text in texts:
        name, equals, rest = text.partition("=")
        account, _, place = rest.partition(":")
        region, _, group = place.partition(":")
        if not (re.fullmatch(r"[a-z][a-z0-9-]{0,31}", name) and equals and account and region):
            raise WrongUseError(f"--stage {text} is no stage", _FORM)
        if name in {each.name for each in stages}:
            raise WrongUseError(f"--stage {name} is given twice", "give each stage once")
        stages.append(NewStage(name, account, region, group or _GROUP))
    return stages


def accounts_of(stages: Sequence[NewStage], bucket: str | None) -> Accounts:
    """Return what the stages add to the config. Raises ``WrongUseError`` without ``dev``.

    The bucket's name contains the account's number, because bucket names are global.
    """
    dev = next((each for each in stages if each.name == DEV_STAGE), None)
    if dev is None:
        raise WrongUseError(
            f"there is no --stage {DEV_STAGE}=…", "add it: its account has the bucket, the key and the registry"
        )
    name = bucket or f"mlops-artifacts-{dev.account}-{dev.region}"
    return Accounts(
        bucket=f"artifact-bucket: {_scalar(name)}\n",
        region=_scalar(dev.region),
        stages="".join(["stages:\n", *(each.text() for each in stages)]),
    )


def check_config(text: str, file: str) -> Document[Config]:
    """Check the new config. Raises ``InvalidDocumentError``; its faults name the option, as there is no file yet."""
    try:
        document = read_text_document(text, Config, file=file)
    except DocumentError as error:
        raise InvalidDocumentError(_as_options(error.diagnostics)) from None
    found = stage_diagnostics(document) if document.value.stages else []
    if found:
        raise InvalidDocumentError(_as_options(found))
    return document


def as_options(error: InvalidDocumentError) -> InvalidDocumentError:
    """Return the same faults, named by the options that they come from."""
    return InvalidDocumentError(_as_options(error.diagnostics))


def _as_options(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return the faults by option. A wrong account makes wrong ARNs too: only the fault of the given value is shown."""
    by_option: dict[str, list[Diagnostic]] = {}
    for each in found:
        named = replace(each, place=_option_of(each.place))
        by_option.setdefault(named.place.file, []).append(named)
    kept: list[Diagnostic] = []
    for of_option in by_option.values():
        given = [each for each in of_option if each.place.path in _GIVEN_PARTS]
        kept += given or of_option[:1]
    return kept


def _option_of(place: Place) -> Place:
    """Return the option that a place of the new config was written from."""
    match place.path:
        case ("artifact-bucket",):
            return Place("--bucket")
        case ("region",):
            return Place(f"--stage {DEV_STAGE}", path=place.path)
        case ("custom-components", _, "build", "platforms", *_):
            return Place("--platform")
        case ("stages", name, *rest):
            return Place(f"--stage {name}", path=tuple(rest))
        case ("stages",):
            return Place("--stage")
        case _:
            return place


def _scalar(text: str) -> str:
    """Return a text quoted so that YAML reads the same text back."""
    return text if _PLAIN.fullmatch(text) and not text.endswith(":") else json.dumps(text)
