"""Makes each component's recipe from the config. Pure: no files, no AWS."""
