"""Runs in CodeBuild: resolves models, builds components, publishes and deploys them."""
