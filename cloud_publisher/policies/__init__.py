"""From ``stages:`` of the config to complete policy documents and the templates' parameters. No AWS call is made."""
