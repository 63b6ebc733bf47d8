"""The base models of our documents: what people write is strict, what programs send may grow."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class WrittenByPeople(BaseModel):
    """A part of a document that people write: unknown keys are faults, keys-have-dashes, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=_kebab)


class AwsShape(BaseModel):
    """A part of a document in the spelling of AWS's API (``camelCase``), which people write too."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Message(BaseModel):
    """A message between programs: a reader ignores fields that it does not know (docs/architecture.md, "Documents")."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)
