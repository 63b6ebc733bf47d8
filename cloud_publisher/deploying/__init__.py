"""From a release to a deployment of a thing group: merging, doors, steps, rollback. Not publishing, not building."""
