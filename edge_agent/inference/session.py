"""Opens an ONNX file with onnxruntime, in the same way for vetting and for serving."""

import os
from pathlib import Path
from typing import Any, Final

from edge_agent.tasks.graph import Graph, Tensor
from shared_schema.model_manifest import Runtime

# Read once, when it is imported: 1.32 then writes a device id into its user's home, and sends telemetry (`Privacy.md`).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

_OF_EVERY_WHEEL: Final = {"CPUExecutionProvider", "AzureExecutionProvider"}
RUNTIME_VERSION: Final[str] = onnxruntime.__version__


def open_session(path: Path, runtime: Runtime, *, optimise: bool = True) -> Any:
    """Open a session on the file, by its path: from bytes it would hold the GIL (docs/onnxruntime-facts.md, "Loading").

    Raises whatever onnxruntime raises; some of it is not its own (``UnicodeDecodeError`` for bad metadata).
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = runtime.intra_op_threads
    options.inter_op_num_threads = runtime.inter_op_threads
    # Threads that spin between requests take the core that decodes the next frame.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), sess_options=options, providers=providers_here(runtime.providers))


def providers_here(wanted: list[str]) -> list[str]:
    """Return the wanted providers that this device has, in order; the CPU's if it has none of them."""
    available = onnxruntime.get_available_providers()
    return [provider for provider in wanted if provider in available] or ["CPUExecutionProvider"]


def accelerated() -> bool:
    """Return whether this runtime can use more than the CPU: what an accelerator's driver does, a jail may not know."""
    return bool(set(onnxruntime.get_available_providers()) - _OF_EVERY_WHEEL)


def graph_of(session: Any) -> Graph:
    """Return the inputs and outputs of the session's graph."""
    return Graph(
        inputs=tuple(_tensor(value) for value in session.get_inputs()),
        outputs=tuple(_tensor(value) for value in session.get_outputs()),
    )


def _tensor(value: Any) -> Tensor:
    shape = tuple(size if isinstance(size, int) and size >= 0 else None for size in value.shape or ())
    return Tensor(name=value.name, type=value.type, shape=shape)
