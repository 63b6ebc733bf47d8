"""The policies and templates of MLOps@Edge as data: who may do what, and the stacks that create the roles in accounts.

``documents/`` has each policy with named parameters (``${ArtifactBucket}``; a name with a colon, such as
``${credentials-iot:ThingName}``, is AWS's own variable and stays). This module only finds the files: cloud_publisher
renders them (``cloud-publisher policies``); greengrass_emulator and the linters check them.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
DOCUMENTS = FOLDER / "documents"
CLOUDFORMATION = FOLDER / "cloudformation"
EXCEPTIONS = FOLDER / "exceptions.yml"
"""The accepted findings of linters, each with its reason."""
EXAMPLE = FOLDER / "example.yml"
"""A complete example of ``stages:``, which is rendered, linted and proven."""
SEED = FOLDER / "seed"
"""The seed's five policies, for comparison, unchanged except a comma that made the third invalid JSON."""


def document_names() -> tuple[str, ...]:
    """Return the documents' names, sorted, such as ``deploy-role`` and ``deploy-role.trust``."""
    return tuple(sorted(path.name.removesuffix(".json") for path in DOCUMENTS.glob("*.json")))


def document_path(name: str) -> Path:
    """Return the path of a document."""
    return DOCUMENTS / f"{name}.json"
