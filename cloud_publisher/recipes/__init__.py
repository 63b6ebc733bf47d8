"""From the config to each component's recipe. Pure: no files, no AWS."""
