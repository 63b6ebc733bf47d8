"""The AWS accounts that this project needs, on one machine, in one process.

Devices are not part of it: a nucleus is a process of its own, which talks to this one only over the network.
"""
