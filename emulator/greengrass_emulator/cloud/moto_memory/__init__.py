"""The few places that read or write moto's own memory: identities, things, jobs and shadows.

Everything else is sent as a client's request.
"""
