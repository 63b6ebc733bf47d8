"""Enforces permissions in front of the emulated accounts: the callers, their policies, and the form of a denial.

``gateway_layer`` works before the HTTP gateway, ``device_permissions`` serves the brokers and device endpoints, and
the modules beside them read moto's memory. Off unless the cloud is started with ``enforce_iam``.
"""
