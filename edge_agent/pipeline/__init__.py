"""From a source through a model to the sinks."""
