"""From sources and models to artifacts: a build is planned first, then carried out, then uploaded, all or nothing."""
