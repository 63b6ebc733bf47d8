"""From a release to a deployment of a thing group. Neither builds nor publishes.

- ``channels``: where a deployment holds the desired state, and which channel delivers a new one
- ``content``: what a deployment holds: merging, restoring, comparing
- ``rollout``: makes deployments and waits for the fleet: deploy, canary, rollback, delivery
- ``plan``: what a release would change

A target is read once, by ``rollout.target_access``; what it returns, a ``target_state.TargetState``, is what deploy,
canary, rollback and plan decide on. Imports run one way: plan, rollout, content, channels.
"""
