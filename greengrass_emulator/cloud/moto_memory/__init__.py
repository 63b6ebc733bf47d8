"""The few places that read or write moto's own memory: identities, things, jobs and shadows.

Everything else goes through the front door, as a client's request would.
"""
