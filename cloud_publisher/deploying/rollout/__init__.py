"""Makes deployments and waits for the fleet: deploy, canary, rollback, and the delivery that they share."""
