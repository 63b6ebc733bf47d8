"""Opening a model's graph and asking it: the same code vets a model and serves it."""
