"""``python -m edge_agent``: what the recipe's lifecycle runs."""

import gc

# Imported objects are no garbage, and collections take a seventh of the start. `run` turns them on again.
gc.disable()

from edge_agent.cli.main import main  # noqa: E402

main()
