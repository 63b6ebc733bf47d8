"""``cloud-publisher validate``: shows every fault of the documents, with place and remedy. Makes no network calls."""

from cloud_publisher.cli.options import ConfigOption, TemplateOption
from cloud_publisher.cli.output import JsonOption, Output


def validate(config: ConfigOption = None, deployment: TemplateOption = None, as_json: JsonOption = False) -> None:
    """Check the config, the deployment template and the models' manifests. Exit code 2 when there is a fault."""
    from cloud_publisher.errors import InvalidDocumentError
    from cloud_publisher.validation.repository import check_repository

    output = Output(as_json=as_json)
    checked = check_repository(config, deployment)
    if checked.faults or checked.sources is None:
        raise InvalidDocumentError(checked.faults)
    for note in checked.notes:
        output.say(f"note: {note}")
    sources = checked.sources
    kinds = ", ".join(sources.components)
    output.show(
        {
            "config": sources.config.file,
            "components": list(sources.names()),
            "hot-reloaded": sorted(sources.hot_reloaded),
            "faults": [],
            "notes": [{"place": note.place, "text": note.text} for note in checked.notes],
        },
        f"{sources.config.file}: {len(sources.components)} components ({kinds}), no faults",
    )
