"""Whether this environment has what the processes of a rehearsal need, beside the rehearsal's own extra."""

import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from rehearsal.errors import WrongUse
from rehearsal.model_data import ModelToRelease
from shared_schema.extras import how_to_install

_OURS = "mlops-at-edge"
_STAGES_AND_DEVICES = ("publisher", "agent")
_SCRIPTS = "digits"


def need_extras(models: Iterable[ModelToRelease]) -> None:
    """Raise ``WrongUse`` if a distribution is missing that the pipeline's stages, the devices or a model's own scripts
    need. It names the extras to install: without them a stage or a device would fail minutes later."""
    wanted = [*_STAGES_AND_DEVICES, *([_SCRIPTS] if any(each.scripted for each in models) else [])]
    missing = {extra: names for extra in wanted if (names := list(_missing(extra)))}
    if missing:
        absent = ", ".join(sorted({name for names in missing.values() for name in names}))
        extras = ",".join(["emulator", *missing])
        raise WrongUse(
            f"a rehearsal needs {absent}, which is not installed in {sys.prefix}",
            how_to_install(extras),
        )


def _missing(extra: str) -> Iterator[str]:
    """Yield the distributions that an extra requires and this environment lacks."""
    for text in requires(_OURS) or ():
        wanted = Requirement(text)
        if wanted.marker is not None and wanted.marker.evaluate({"extra": extra}):
            try:
                version(wanted.name)
            except PackageNotFoundError:
                yield wanted.name
