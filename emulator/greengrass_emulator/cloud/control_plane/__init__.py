"""The greengrassv2 control plane of one account: components, deployments, core devices, tags."""
