"""The Greengrass inference component: serves the models of the desired state, changes them while they serve, refuses
bad ones, and confirms each of them.

Not for the cloud's side of anything: the nucleus speaks to AWS, the publisher decides what a device should run.
"""
