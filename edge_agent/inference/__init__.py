"""Opens a model's graph and runs it. The same code vets a model and serves it."""
