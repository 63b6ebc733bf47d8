"""From an HTTP request to the permissions that it needs, as the Service Authorization Reference lists them.

``calls`` is the entry point; each service has a module of its own. ``resources`` has what they share: ARNs, tags, and
questions to the emulated accounts.
"""
