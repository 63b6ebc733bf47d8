"""From a release to a deployment of a thing group: merging, channels, steps, rollback. Not publishing, not building."""
