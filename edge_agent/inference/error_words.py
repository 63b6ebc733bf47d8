"""Makes one readable line of an exception of onnxruntime, cv2 or numpy.

onnxruntime writes where in its source it is, and the whole signature of the function, before its reason; the reason
comes last. A message to the cloud holds 300 characters.
"""

import re
from typing import Final

_PLACE: Final = re.compile(r"(?:/\S*/)?[\w.-]+\.(?:cc|cpp|cu|h|hpp):\d+ ")
_OPSET: Final = re.compile(r"Opset (\d+) is under development .* support for domain (\S+) is till opset (\d+)")
_IR: Final = re.compile(r"Unsupported model IR version: (\d+), max supported IR version: (\d+)")
_REMEDY: Final = "export it with an older {}, or deploy an agent with a newer onnxruntime"


def on_one_line(text: str, most: int) -> str:
    """Return an exception's text on one line of at most ``most`` characters: its beginning and its end."""
    text = " ".join(text.split())
    text = _too_new(text) or _without_places(text)
    if len(text) <= most:
        return text
    head = most // 3
    return f"{text[:head].rstrip()}…{text[len(text) - most + head + 1 :]}"


def _too_new(text: str) -> str | None:
    if found := _OPSET.search(text):
        wanted, domain, newest = found.groups()
        had = f"the graph wants opset {wanted} of {domain}, and this device's onnxruntime has {newest} at most"
        return f"{had}; {_REMEDY.format('opset')}"
    if found := _IR.search(text):
        wanted, newest = found.groups()
        had = f"the file has IR version {wanted}, and this device's onnxruntime reads {newest} at most"
        return f"{had}; {_REMEDY.format('IR version')}"
    return None


def _without_places(text: str) -> str:
    """Leave out each place in a source file, with the function's signature after it."""
    kept, rest = "", text
    while found := _PLACE.search(rest):
        kept += rest[: found.start()]
        rest = rest[found.end() :]
        end = _end_of_signature(rest)
        rest = rest[end:].removeprefix(" const").lstrip() if end else rest
    return (kept + rest).strip()


def _end_of_signature(text: str) -> int:
    """Return where the signature ends that ``text`` begins with; 0 if it begins with none."""
    depth, at = 0, text.find("(")
    if at < 0 or "::" not in text[:at]:
        return 0
    for index in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        # `operator()(…)` has two pairs.
        if not depth and text[index + 1 : index + 2] != "(":
            return index + 1
    return 0
