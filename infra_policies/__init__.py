"""The policies and templates of MLOps@Edge as data: who may do what, and the stacks that give them to accounts.

``documents/`` holds each policy with named parameters (``${ArtifactBucket}``; what has a colon, such as
``${credentials-iot:ThingName}``, is AWS's own variable and stays). This module only finds the files: rendering is
cloud_publisher's (``cloud-publisher policies``), judging is greengrass_emulator's and the linters'.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
DOCUMENTS = FOLDER / "documents"
CLOUDFORMATION = FOLDER / "cloudformation"
EXCEPTIONS = FOLDER / "exceptions.yml"
"""The findings of linters that are not followed, each with its reason."""
EXAMPLE = FOLDER / "example.yml"
"""A whole example of ``stages:``, which is rendered, linted and proven."""
SEED = FOLDER / "seed"
"""The seed's five policies, word for word but for the comma that made its third no JSON: what figures compare with."""


def document_names() -> tuple[str, ...]:
    """The documents' names, sorted, such as ``deploy-role`` and ``deploy-role.trust``."""
    return tuple(sorted(path.name.removesuffix(".json") for path in DOCUMENTS.glob("*.json")))


def document_path(name: str) -> Path:
    """The file of a document."""
    return DOCUMENTS / f"{name}.json"
