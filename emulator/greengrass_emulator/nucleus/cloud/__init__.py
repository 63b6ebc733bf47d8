"""The device's side of its cloud: MQTT, jobs, shadow deployments, fleet status, credentials, candidates, artifacts."""
