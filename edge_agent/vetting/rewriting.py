"""``check --update-golden``: makes the model's answers the outputs that its golden samples expect, tensor by tensor.

Labels and boxes stay as they are: they say what is in a picture, and no model decides that. A worker computes the
outputs, and control writes them: a worker cannot write.
"""

from collections.abc import Iterable
from pathlib import Path

from edge_agent.errors import RefusedModelError
from shared_schema.messages import Reason
from shared_schema.model_manifest import ModelManifest


def expected_files(manifest: ModelManifest) -> list[str]:
    """Return the names of the ``.npy`` files that golden samples expect, sorted."""
    samples = manifest.golden.samples
    return sorted({file for sample in samples for file in (sample.expect.outputs or {}).values()})


def write_outputs(folder: Path, manifest: ModelManifest, outputs: Iterable[tuple[str, bytes]]) -> None:
    """Write the outputs to the files that the manifest names. Raises ``RefusedModelError`` if one cannot be written."""
    expected = expected_files(manifest)
    for name, content in outputs:
        path = folder / name
        if name not in expected or path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()):
            raise RefusedModelError(Reason.GOLDEN, f"{name} leads out of the folder", "put a plain file there")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise RefusedModelError(Reason.GOLDEN, f"{name} cannot be written: {error.strerror}") from None
