"""Deployments: the request, the versions that it resolves to, their files, and how the device applies them."""
