"""Deployments: what is wanted, which versions that is, their files, and how the device gets there."""
