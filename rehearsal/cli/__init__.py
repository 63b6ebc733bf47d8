"""The `mlops-rehearsal` command."""
