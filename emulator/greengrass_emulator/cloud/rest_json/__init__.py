"""AWS's REST-JSON protocol, served from botocore's own service model: route, read, check, write."""
