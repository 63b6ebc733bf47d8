"""Creates a release's component versions in the target account. `build` has uploaded the artifacts before."""
