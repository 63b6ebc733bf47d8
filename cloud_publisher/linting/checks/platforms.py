"""Platforms: systems, architectures and runtimes that no device has, and manifests that an earlier one hides.

Source: AWS's recipe reference, Manifests; docs/greengrass-facts.md, "Platforms and manifests".
"""

from collections.abc import Iterator

from cloud_publisher.linting.recipe_text import Node, RecipeText
from cloud_publisher.linting.settings import LITE_RUNTIME, Settings
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents.reading import did_you_mean

_KNOWN = {
    "os": ("GG301", "operating system", ("linux", "darwin", "windows", "all", "*")),
    "architecture": ("GG302", "architecture", ("amd64", "aarch64", "arm", "x86", "all", "*")),
    "runtime": ("GG303", "runtime", (LITE_RUNTIME, "*")),
}
_OTHER_NAMES = {
    "x86_64": "amd64",
    "x64": "amd64",
    "x86-64": "amd64",
    "arm64": "aarch64",
    "armv8": "aarch64",
    "armv7l": "arm",
    "armv7": "arm",
    "armhf": "arm",
    "i386": "x86",
    "i686": "x86",
    "macos": "darwin",
    "osx": "darwin",
    "mac": "darwin",
    "ubuntu": "linux",
    "debian": "linux",
    "raspbian": "linux",
    "win32": "windows",
    "win": "windows",
    "lite": LITE_RUNTIME,
    "nucleus_lite": LITE_RUNTIME,
}
_ANYTHING = {None, "*", "all"}


def check_platforms(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the findings about each manifest's platform, and about the order of the manifests."""
    del settings
    for manifest in recipe.manifests():
        platform = manifest.get("Platform")
        if platform is None:
            continue
        for name, value in platform.items():
            yield from _key(recipe, name, value)
    yield from _hidden(recipe)


def _key(recipe: RecipeText, name: str, value: Node) -> Iterator[Diagnostic]:
    known = _KNOWN.get(name.lower())
    if known is None:
        if name.lower() in {"architecture.detail"}:
            return
        near = did_you_mean(name, list(_KNOWN))
        if near.startswith("did you mean"):
            yield recipe.finding("GG305", value, f"{name!r} is no key of a platform that AWS defines", near)
        return
    code, what, names = known
    if value.text is None:
        if value.value is not None:
            yield recipe.finding("GG005", value, f"this is {value.kind}, and text is asked for", "write text")
    # Classic reads /…/ as a regular expression.
    elif value.text not in names and not (len(value.text) > 2 and value.text[0] == value.text[-1] == "/"):
        other = _OTHER_NAMES.get(value.text.lower())
        remedy = f"write {other}" if other in names else did_you_mean(value.text, list(names))
        yield recipe.finding(code, value, f"there is no {what} {value.text!r}", remedy)


def _hidden(recipe: RecipeText) -> Iterator[Diagnostic]:
    manifests = recipe.manifests()
    for index, later in enumerate(manifests):
        for number, earlier in enumerate(manifests[:index]):
            if _covers(earlier, later):
                yield recipe.finding(
                    "GG304", later, f"Manifests[{number}] matches wherever this one does, and comes first"
                )
                break


def _covers(earlier: Node, later: Node) -> bool:
    first, second = earlier.get("Platform"), later.get("Platform")
    if first is not None and any(name.lower() not in _KNOWN for name, _ in first.items()):
        return False
    for key in ("os", "architecture"):
        wide, narrow = _text(first, key), _text(second, key)
        if wide not in _ANYTHING and wide != narrow:
            return False
    # Lite skips a manifest without a runtime; classic ignores that key
    # (docs/greengrass-facts.md, "Platforms and manifests").
    wide, narrow = _text(first, "runtime"), _text(second, "runtime")
    return wide in {"*", narrow}


def _text(platform: Node | None, key: str) -> str | None:
    found = platform.get(key) if platform else None
    return found.text if found else None
