"""AWS's REST-JSON protocol, served from botocore's own service models: read, check, write."""
