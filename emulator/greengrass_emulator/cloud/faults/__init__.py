"""Faults on demand: throttled, lost or late calls, unreachable services and devices, corrupt downloads."""
