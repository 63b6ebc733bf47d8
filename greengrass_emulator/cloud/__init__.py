"""The accounts: the AWS that this project needs, on one machine, in one process.

Not a device: a nucleus is a process of its own and meets this one only over the network.
"""
