"""Starts the agent from its work folder, and installs a new version of it while the old one serves.

It runs with the device's own Python, before any wheel is installed: it uses the standard library only, and little of it
if there is nothing to install. On lite a failed ``install`` takes the component down for good
(docs/greengrass-facts.md, "Install on lite"), so there ``run`` does everything. On classic ``install`` and ``start``
are the recipe's two steps.
"""
