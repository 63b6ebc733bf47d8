"""From an HTTP request to the permissions that it needs, as the Service Authorization Reference lists them.

``calls`` is the door; one module for each service behind it. What the emulated accounts hold is asked of ``lookups``.
"""
