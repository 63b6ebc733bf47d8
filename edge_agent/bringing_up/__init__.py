"""Brings the agent up from what stands in its work folder, and a new version of it beside the one that serves.

It runs with the device's own Python, before any wheel is installed: nothing but the standard library, and little of it
where there is nothing to install. Lite cannot install without taking the component down for good (greengrass-facts.md,
"Install on lite"), so that there ``run`` does all; on classic ``install`` and ``start`` are the recipe's two steps.
"""
