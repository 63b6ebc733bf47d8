"""``check --update-golden``: makes the model's answers the outputs that its golden samples expect, tensor by tensor.

Labels and boxes stay as they are: they say what is in a picture, and no model decides that.
"""

import numpy as np

from edge_agent.errors import InferenceError, RefusedModelError
from edge_agent.inference.loaded_model import LoadedModel
from edge_agent.inference.model_folder import file_inside
from edge_agent.vetting.golden import no_answer, plain_tensor
from shared_schema.messages import Reason


def write_outputs(model: LoadedModel) -> None:
    """Write every ``.npy`` that a golden sample expects.

    Raises ``RefusedModelError`` if the graph lacks an output, a sample has no answer, or a file cannot be written.
    """
    folder = model.folder.resolve()
    for sample in model.manifest.golden.samples:
        if not sample.expect.outputs:
            continue
        try:
            answer = model.answer(model.task.read(file_inside(model.folder, sample.input, Reason.GOLDEN)))
        except InferenceError as error:
            raise no_answer(error, f"{sample.input} has no answer: {error}") from None
        for name, file in sample.expect.outputs.items():
            path = model.folder / file
            if name not in answer.outputs:
                raise RefusedModelError(
                    Reason.GOLDEN, f"{sample.input} expects the output {name!r}, and the graph has none", "correct it"
                )
            if path.is_symlink() or not path.resolve().is_relative_to(folder):
                raise RefusedModelError(Reason.GOLDEN, f"{file} leads out of the folder", "put a plain file there")
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as stream:
                    np.save(stream, plain_tensor(name, answer.outputs[name]), allow_pickle=False)
            except OSError as error:
                raise RefusedModelError(Reason.GOLDEN, f"{file} cannot be written: {error.strerror}") from None
