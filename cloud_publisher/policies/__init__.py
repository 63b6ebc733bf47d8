"""From ``stages:`` of the config to complete policy documents and the templates' parameters. Makes no AWS calls."""
