"""Turns what an IPC call raises into the agent's own errors."""

import concurrent.futures
from typing import Final

from awsiot import eventstreamrpc
from awsiot.greengrasscoreipc import model

from edge_agent.errors import NotAllowedError, NotOfferedError, NotThereError, NucleusAwayError, NucleusError

DEADLINE: Final = 5.0
"""Seconds for each call that the agent waits for."""


def nucleus_error(operation: str, error: BaseException) -> NucleusError:
    """Return the agent's error for what a call raised.

    It goes by the class: lite's errors reach the SDK without text (docs/greengrass-facts.md, "IPC on lite").
    """
    if isinstance(error, NucleusError):
        return error
    if isinstance(error, model.ResourceNotFoundError | model.ComponentNotFoundError):
        return NotThereError(f"{operation}: {words_of(error)}")
    if isinstance(error, model.UnauthorizedError | eventstreamrpc.AccessDeniedError):
        return NotAllowedError(f"{operation} is not allowed", "add it to the accessControl of the agent's recipe")
    if isinstance(error, model.GreengrassCoreIPCError):
        return NotOfferedError(f"{operation}: the nucleus answers {type(error).__name__} {words_of(error)}")
    if isinstance(error, TimeoutError | concurrent.futures.TimeoutError):
        return NucleusAwayError(f"{operation}: no answer within {DEADLINE:g} s")
    return NucleusAwayError(f"{operation}: {words_of(error)}")


def words_of(error: BaseException) -> str:
    """Return an error's text in at most 200 characters, or its class's name."""
    return str(getattr(error, "message", None) or str(error) or type(error).__name__)[:200]
