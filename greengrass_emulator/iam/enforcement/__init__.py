"""Permissions enforced in front of the emulated accounts: who asks, under which policies, and what a denial looks like.

``gateway_layer`` stands before the HTTP gateway, ``device_permissions`` serves the brokers and device endpoints, and
the modules beside them read moto's memory. Off unless the cloud is started with ``enforce_iam``.
"""
