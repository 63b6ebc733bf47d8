"""The command ``cloud-publisher``, as ``python -m cloud_publisher`` too."""

from shared_schema.extras import needs_extra


def main() -> None:
    """Run the command line; without the extra ``publisher``, say so."""
    with needs_extra("cloud-publisher", "publisher"):
        from cloud_publisher.cli.main import main as command_line  # noqa: PLC0415 - it may not be importable

        command_line()


if __name__ == "__main__":
    main()
