"""The command ``mlops-rehearsal``, as ``python -m rehearsal`` too."""

from shared_schema.extras import needs_extra


def main() -> None:
    """Run the command line; without the extra ``emulator``, say so."""
    with needs_extra("mlops-rehearsal", "emulator"):
        from rehearsal.cli.main import main as command_line  # noqa: PLC0415 - it may not be importable

        command_line()


if __name__ == "__main__":
    main()
