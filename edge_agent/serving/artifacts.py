"""Where a nucleus puts the files of a component's version."""

from pathlib import Path

from edge_agent.errors import ArtifactError


def model_folder(root: Path, component: str, version: str) -> Path:
    """Return the only folder under ``<root>/packages/artifacts-unarchived/<component>/<version>/``.

    Neither the agent's recipe nor its configuration may name it, or it would restart with every model
    (docs/architecture.md, "The desired state"). Raises ``ArtifactError`` if it is not there (yet), or if there are
    several.
    """
    place = root / "packages" / "artifacts-unarchived" / component / version
    try:
        folders = [each for each in place.iterdir() if each.is_dir() and not each.is_symlink()]
    except (FileNotFoundError, NotADirectoryError):
        folders = []
    except OSError as error:
        raise ArtifactError(f"{place} cannot be read ({error.strerror}); let the agent's user read it") from None
    if not folders:
        raise ArtifactError(
            f"the artifact of {component} {version} is not on this device: {place} holds no folder; "
            "deploy that version of the component, with one zip that has `Unarchive: ZIP`"
        )
    if len(folders) > 1:
        names = ", ".join(sorted(folder.name for folder in folders))
        raise ArtifactError(f"{component} {version} unpacked to several folders ({names}); give it one zip only")
    return folders[0]
