"""What a worker does that vets a model: it is jailed, does the request's job on the copied files, and reports.

Imported by the template, called by `processes.forking` in the new process.
"""

import io
import os
from pathlib import Path
from typing import Final

import numpy as np

from edge_agent.errors import InferenceError, RefusedModelError
from edge_agent.inference.loaded_model import open_model, short
from edge_agent.inference.model_folder import file_inside, read_manifest
from edge_agent.inference.session import accelerated
from edge_agent.processes.jail import give_up_rights, limit_cpu, limit_memory, limit_writing, lock_in, refuse
from edge_agent.processes.stream import framed, read_frame, write_all
from edge_agent.vetting.cost import cost_ms
from edge_agent.vetting.golden import no_answer, plain_tensor
from edge_agent.vetting.protocol import Outcome, Report, Request, refused
from edge_agent.vetting.steps import Around, vet
from shared_schema.messages import Reason
from shared_schema.model_manifest import ModelManifest

NICENESS: Final = 10
"""19 takes seconds to load, an idle scheduling class starves it (docs/onnxruntime-facts.md, "Threads")."""


def work(stream: int) -> None:
    """Wait for the request on the stream, and do it. Returns early if control wants nothing any more."""
    asked = read_frame(stream)
    if asked is None:
        return
    request = Request.model_validate_json(asked.header)
    folder = Path(request.folder)
    os.nice(NICENESS)
    limit_writing()

    def tell(report: Report, payload: bytes = b"") -> None:
        write_all(stream, framed(report.header(), payload))

    holds = give_up_rights()
    # An accelerator's driver opens devices and sockets in its first run: it is jailed after that.
    late = accelerated()
    if not late:
        holds += lock_in([folder])
    tell(Report(kind="jailed", holds=holds))

    def ran() -> None:
        if late:
            tell(Report(kind="jailed", holds=(*holds, *refuse())))

    try:
        match request.job:
            case "vet":
                tell(vet(folder, Around(tell, limit, ran)))
            case "measure":
                tell(_measured(folder))
            case "answer":
                for name, content in _answers(folder):
                    tell(Report(kind="output", file=name), content)
                tell(Report(kind="outcome", outcome=Outcome(accepted=True)))
    except RefusedModelError as error:
        tell(Report(kind="outcome", outcome=refused(error.reason, str(error))))
    # Destroying a session on a broken graph may crash. The outcome is already sent.
    os._exit(0)


def limit(manifest: ModelManifest) -> None:
    """Limit memory and CPU time to the manifest's."""
    limit_memory(manifest.vetting.memory)
    limit_cpu(manifest.vetting.timeout * manifest.runtime.intra_op_threads)


def _measured(folder: Path) -> Report:
    """Return what an inference of the model costs that serves now."""
    try:
        limit(read_manifest(folder))
        return Report(kind="cost", cost_ms=cost_ms(open_model(folder)))
    except Exception as error:
        words = f"the model that serves now could not be measured: {short(error)}"
        raise RefusedModelError(Reason.BUDGET, words, "deploy again") from error


def _answers(folder: Path) -> list[tuple[str, bytes]]:
    """Return the content of every ``.npy`` that a golden sample expects, as the model answers."""
    manifest = read_manifest(folder)
    limit(manifest)
    try:
        model = open_model(folder)
    except RefusedModelError:
        raise
    except Exception as error:
        raise RefusedModelError(Reason.LOAD, short(error)) from error
    found = []
    for sample in manifest.golden.samples:
        if not sample.expect.outputs:
            continue
        try:
            answer = model.answer(model.task.read(file_inside(folder, sample.input, Reason.GOLDEN)))
        except InferenceError as error:
            raise no_answer(error, f"{sample.input} has no answer: {error}") from None
        for name, file in sample.expect.outputs.items():
            if name not in answer.outputs:
                raise RefusedModelError(
                    Reason.GOLDEN, f"{sample.input} expects the output {name!r}, and the graph has none", "correct it"
                )
            content = io.BytesIO()
            np.save(content, plain_tensor(name, answer.outputs[name]), allow_pickle=False)
            found.append((file, content.getvalue()))
    return found
