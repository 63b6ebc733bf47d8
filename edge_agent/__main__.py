"""``python -m edge_agent``: what the recipe's lifecycle runs."""

import gc

# Nothing that is imported is garbage, and looking for some is a seventh of the start; `run` turns it on again.
gc.disable()

from edge_agent.cli.main import main  # noqa: E402

main()
