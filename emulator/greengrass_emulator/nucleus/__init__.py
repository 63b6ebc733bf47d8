"""A Greengrass device as one process, in the manner of either nucleus.

What a component sees of it (IPC, files, environment, lifecycle) and what the cloud sees of it (jobs, fleet status,
requests for credentials, candidates and artifacts) keep the rules of
docs/greengrass-facts.md ("Lifecycle", "Deployments (classic)", "Nucleus lite"), also those that hurt.
"""
