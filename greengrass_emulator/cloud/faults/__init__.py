"""What goes wrong on demand: calls that are throttled, lost or late, services and devices that are away, bad bytes."""
