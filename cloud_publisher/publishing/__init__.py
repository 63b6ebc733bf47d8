"""From a release to component versions in the target account. Not the artifacts: `build` uploaded them."""
