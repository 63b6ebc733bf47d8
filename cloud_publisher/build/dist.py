"""``dist/``: what a build hands to the next stages, and to users of GDK.

Each file is replaced atomically, ``release.json`` last: a reader sees the old release or the new one.
"""

import json
import shutil
from pathlib import Path

from pydantic import ValidationError

from cloud_publisher.validation.sources import Sources
from shared_schema.config import Component
from shared_schema.deployment import FILE as TEMPLATE_FILE
from shared_schema.deployment import DeploymentTemplate
from shared_schema.documents.writing import write_whole
from shared_schema.json_value import JsonObject
from shared_schema.release import FILE as RELEASE_FILE
from shared_schema.release import Release, ReleaseComponent

_RECIPE, _GDK = "recipe.json", "gdk-config.json"
_GDK_VERSION = "1.0.0"


def write_dist(dist: Path, release: Release, sources: Sources) -> None:
    """Write the release. Raises ``OSError`` when the folder cannot be written."""
    former = _former_components(dist)
    for component in release.components:
        folder = dist / component.name
        write_whole(folder / _RECIPE, component.recipe)
        configured = sources.components.get(component.key)
        write_whole(folder / _GDK, json.dumps(_gdk_config(release, component, configured, sources), indent=2) + "\n")
    template = sources.template.value if sources.template else DeploymentTemplate()
    write_whole(dist / TEMPLATE_FILE, template.model_dump_json(by_alias=True, exclude_unset=True, indent=2) + "\n")
    # Without defaults, to save bytes: the desired state has only the settings that the config gives.
    text = release.model_dump_json(by_alias=True, exclude_none=True, exclude_unset=True, indent=2)
    write_whole(dist / RELEASE_FILE, text + "\n")
    for name in former - {component.name for component in release.components}:
        shutil.rmtree(dist / name, ignore_errors=True)


def _former_components(dist: Path) -> set[str]:
    """Return the components of the former release: their folders may be removed if the new one lacks them."""
    try:
        text = (dist / RELEASE_FILE).read_text(encoding="utf-8")
        return {component.name for component in Release.model_validate_json(text).components}
    except (OSError, UnicodeDecodeError, ValidationError):
        return set()


def _gdk_config(
    release: Release, component: ReleaseComponent, configured: Component | None, sources: Sources
) -> JsonObject:
    """Return GDK's configuration of one component (AWS's GDK CLI reference, gdk-config.json)."""
    build: JsonObject = {"build_system": "zip"}
    if configured is not None and configured.build.build_system == "custom":
        build = {"build_system": "custom", "custom_build_command": [*(configured.build.custom_build_command or ())]}
    publisher = (configured.publisher if configured else None) or sources.config.value.publisher
    return {
        "component": {
            component.name: {
                "author": publisher or "",
                "version": component.version,
                "build": build,
                "publish": {"bucket": release.bucket, "region": release.region},
            }
        },
        "gdk_version": _GDK_VERSION,
    }
