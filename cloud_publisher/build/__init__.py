"""From sources and models to artifacts: what to build is planned first, then built, then uploaded, all or nothing."""
