"""The way of a frame: from a source, through a model, to the sinks."""
