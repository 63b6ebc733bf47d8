"""``python -m edge_agent``: what the recipe's lifecycle runs."""

from edge_agent.cli.main import main

main()
