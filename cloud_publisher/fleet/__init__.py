"""What the devices of a target are, run and say, and what that makes of a deployment. Changes nothing anywhere."""
